// SPDX-License-Identifier: MIT
// Uses the macros of man(7): https://man7.org/linux/man-pages/man7/groff_man.7.html
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/text.hpp"
#include "orchestrator/help/command_line.hpp"

namespace lab::help {
namespace {

// Escapes text so that roff prints it unchanged, also at the beginning of a line.
std::string roff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  if (!result.empty() && (result[0] == '.' || result[0] == '\'')) result.insert(0, "\\&");
  return result;
}

std::string bold(const std::string& text) {
  return "\\fB" + roff(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + roff(text) + "\\fR";
}

std::string option_head(const Option& option) {
  std::string text;
  for (const std::string& name : option.names)
    text += (text.empty() ? "" : ", ") + (option.positional ? italic(name) : bold(name));
  if (!option.positional && !option.value.empty())
    text += " " + italic(option.choices.empty() ? option.value : base::joined(option.choices, "|"));
  return text;
}

std::string options_text(const Command& command) {
  std::string text;
  for (const bool positional : {true, false})
    for (const Option& option : command.options)
      if (option.positional == positional && option.names.back() != "--help")
        text += fmt::format(".TP\n{}\n{}\n", option_head(option), roff(option.description));
  return text;
}

std::string synopsis(const std::string& path, const Command& command) {
  std::string text = ".B " + roff(path) + "\n";
  if (std::ranges::any_of(command.options, [](const Option& option) {
        return !option.positional && option.names.back() != "--help";
      }))
    text += "[" + italic("option") + " ...]\n";
  for (const Option& option : command.options) {
    if (!option.positional) continue;
    const std::string name = italic(option.names.front()) + (option.repeated ? " ..." : "");
    text += option.required ? name + "\n" : "[" + name + "]\n";
  }
  return text;
}

void add_commands(const std::string& path, const Command& command, std::string& text) {
  if (command.commands.empty()) {
    text += ".SS " + roff(path) + "\n" + synopsis(path, command) + ".PP\n" +
            roff(command.description) + ".\n" + options_text(command);
    return;
  }
  // A group of commands gets a section for the options that all of them have.
  if (const std::string own = options_text(command); !own.empty() && path != "lab")
    text += ".SS " + roff(path) + "\n" + roff(command.description) + ".\n" + own;
  for (const Command& sub : command.commands) add_commands(path + " " + sub.name, sub, text);
}

constexpr const char* ending = R"(.SH EXIT STATUS
.TP
.B 0
ok
.TP
.B 1
a check or an expectation failed, or a regression
.TP
.B 2
wrong usage or input
.TP
.B 3
the machinery around the guest failed
.TP
.B 4
not enough data to judge; never a pass
.TP
.B 5
the guest failed (panic, crash)
.TP
.B 124
a time limit
.TP
.B 130
stopped by Ctrl\-C or SIGTERM
.SH ENVIRONMENT
.TP
.B XDG_CACHE_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_RUNTIME_DIR
where caches, the store of records, the list of your own images and sockets are
.TP
.B LAB_SHARED_CACHE
a folder that lab provide \-\-share filled
.TP
.B LAB_LIBVIRT_URI
another libvirt than qemu:///system
.TP
.B NO_COLOR
no colours
.SH FILES
.TP
.I /var/cache/lab, ~/.cache/lab
of root and of others: kernels, modules, images; can be deleted at any time
.TP
.I ~/.local/state/lab/results.sqlite
the records of all trials
.SH EXAMPLES
.EX
lab run boot\-count.yaml \-\-set image=tiny
lab compare latest~1 latest
lab report \-o report.html
.EE
.SH SEE ALSO
.BR "lab help" ,
.BR virsh (1),
.BR perf\-kvm (1)
)";

}  // namespace

std::string man_page(const Command& lab, const std::string& version) {
  std::string text = fmt::format(
      ".TH LAB 1 \"\" \"lab {}\" \"User Commands\"\n.SH NAME\nlab \\- count the VM exits of KVM "
      "guests\n.SH SYNOPSIS\n.B lab\n.I command\n[{} ...]\n.SH DESCRIPTION\n{}\n.PP\n",
      roff(version), italic("option"), roff(lab.description));
  text +=
      ".B lab help\n.I topic\nexplains more: how the counts are made, a tutorial, and others.\n"
      ".SH OPTIONS\n" +
      options_text(lab) + ".SH COMMANDS\n";
  add_commands("lab", lab, text);
  return text + ending;
}

}  // namespace lab::help
