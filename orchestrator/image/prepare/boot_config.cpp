// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/boot_config.hpp"

#include <sstream>

#include "orchestrator/base/error.hpp"

namespace lab::image {

std::string console_parameters(Console console) {
  // panic=-1: a panic resets at once, which ends the domain, so that it is seen without a console.
  switch (console) {
    case Console::quiet:
      return "console=ttyS0 quiet loglevel=3 panic=-1";
    case Console::verbose:
      return "console=ttyS0 loglevel=7 systemd.show_status=1 panic=-1";
    case Console::none:
      return "console=tty0 quiet loglevel=3 panic=-1";
  }
  return "";
}

namespace {

// Returns the word as one of GRUB's script language, in which a dollar sign or a semicolon would
// mean something. GRUB hands quotes and backslashes on escaped, so guest.cmdline may not contain
// them with an image that boots from its disk.
std::string grub_word(const std::string& word) {
  if (word.find_first_of("'\"\\") != std::string::npos)
    throw base::user_error("guest.cmdline: GRUB cannot hand on '" + word + "' as it is",
                           "no quotes and backslashes with an image that boots from its disk");
  return word.find_first_of("$;#{}|&<>*?!`()[]~") == std::string::npos ? word : "'" + word + "'";
}

// The words that follow, each behind a blank, but for those that say where the console is.
std::string without_console(std::istream& words) {
  std::string text;
  for (std::string word; words >> word;)
    if (word != "quiet" && !word.starts_with("console=") && !word.starts_with("loglevel="))
      text += " " + word;
  return text;
}

bool starts_kernel(const std::string& command) {
  return command == "linux" || command == "linux16" || command == "linuxefi";
}

// Whether a line of the text begins with a word that `is_meant`.
template <typename IsMeant>
bool any_line(const std::string& text, IsMeant is_meant) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    if (words >> first && is_meant(first)) return true;
  }
  return false;
}

// The value of $kernelopts in the text of a grubenv.
std::string kernel_options_in(const std::string& environment) {
  constexpr const char* name = "kernelopts=";
  std::istringstream lines(environment);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name)) return line.substr(std::string(name).size());
  throw base::infrastructure_error(
      "the image's boot entries have the options $kernelopts, which GRUB's grubenv does not have",
      "use a cloud image that boots by GRUB");
}

// The line with $kernelopts replaced by what that stands for.
std::string expanded(const std::string& line, const std::string& environment) {
  const std::string variable = "$kernelopts";
  const std::size_t at = line.find(variable);
  if (at == std::string::npos) return line;
  return line.substr(0, at) + kernel_options_in(environment) + line.substr(at + variable.size());
}

std::string grub_words(const std::string& cmdline) {
  std::istringstream words(cmdline);
  std::string text;
  for (std::string word; words >> word;) text += " " + grub_word(word);
  return text;
}

}  // namespace

std::string grub_config_with(const std::string& config, Console console,
                             const std::string& cmdline) {
  std::istringstream lines(config);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (starts_kernel(first)) {
      result += line.substr(0, line.find(first)) + first + without_console(words) + " " +
                console_parameters(console) + grub_words(cmdline) + "\n";
    } else if (first == "set" && line.find("timeout=") != std::string::npos) {
      result += line.substr(0, line.find("set")) + "set timeout=0\n";
    } else {
      result += line + "\n";
    }
  }
  return result;
}

namespace {

std::string without_variables(const std::string& parameters) {
  std::istringstream words(parameters);
  std::string text;
  for (std::string word; words >> word;)
    if (word.find('$') == std::string::npos) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::string first_kernel_parameters(const std::string& config) {
  std::istringstream lines(config);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, kernel;
    if (words >> first && starts_kernel(first) && words >> kernel)
      return without_variables(without_console(words));
  }
  return "";
}

std::string entry_parameters(const std::string& entry, const std::string& environment) {
  std::istringstream lines(entry);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(expanded(line, environment));
    std::string first;
    if (words >> first && first == "options") return without_variables(without_console(words));
  }
  return "";
}

std::string with_root(const std::string& parameters, const std::string& root) {
  if (root.empty()) return parameters;
  std::istringstream words(parameters);
  std::string text = "root=" + root;
  for (std::string word; words >> word;)
    if (!word.starts_with("root=")) text += " " + word;
  return text;
}

bool has_kernel_lines(const std::string& config) {
  return any_line(config, starts_kernel);
}

bool takes_entries(const std::string& config) {
  return any_line(config, [](const std::string& command) { return command == "blscfg"; });
}

namespace {

// The entry with this behind its options, each line of which `expand` returns as it is meant.
template <typename Expand>
std::string entry_with(const std::string& entry, const std::string& addition, Expand expand) {
  std::istringstream lines(entry);
  std::string result;
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(expand(line));
    std::string first;
    words >> first;
    if (first == "options") {
      line = first + without_console(words) + addition;
      found = true;
    }
    result += line + "\n";
  }
  if (!found)
    throw base::infrastructure_error("a boot entry of the image has no options",
                                     "use a cloud image that boots by GRUB");
  return result;
}

}  // namespace

std::string boot_entry_with(const std::string& entry, const std::string& environment,
                            Console console, const std::string& cmdline) {
  if (cmdline.find('$') != std::string::npos)
    throw base::user_error("guest.cmdline: GRUB cannot hand on '" + cmdline + "' as it is",
                           "no dollar signs with an image that has boot loader entries");
  return entry_with(entry, " " + console_parameters(console) + grub_words(cmdline),
                    [&](const std::string& line) { return expanded(line, environment); });
}

std::string systemd_boot_entry_with(const std::string& entry, Console console,
                                    const std::string& cmdline) {
  return entry_with(entry,
                    " " + console_parameters(console) + (cmdline.empty() ? "" : " " + cmdline),
                    [](const std::string& line) { return line; });
}

std::string loader_config_with(const std::string& config) {
  std::istringstream lines(config);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    if (words >> first && first == "timeout") continue;
    result += line + "\n";
  }
  return result;
}

}  // namespace lab::image
