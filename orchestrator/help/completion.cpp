// SPDX-License-Identifier: MIT
// Makes completion for bash and zsh: static scripts, as commands and options are always the same.
#include <spdlog/fmt/fmt.h>

#include "orchestrator/base/text.hpp"
#include "orchestrator/help/command_line.hpp"

namespace lab::help {
namespace {

bool takes_scenarios(const Command& command) {
  for (const Option& option : command.options)
    if (option.positional && option.names.front() == "scenario") return true;
  return false;
}

// Adds the cases of a command and of those below it: its commands, its options and their values.
// `inherited` are the options of the commands above that may stand here too.
void add_bash_cases(const std::string& path, const Command& command,
                    std::vector<std::string> inherited, std::string& text) {
  std::vector<std::string> commands;
  std::string values;
  for (const Command& sub : command.commands) commands.push_back(sub.name);
  for (const Option& option : command.options) {
    if (option.positional) continue;
    for (const std::string& name : option.names) {
      inherited.push_back(name);
      if (!option.choices.empty())
        values += fmt::format("\t\t{}) choices={} ;;\n", name,
                              base::shell_quoted(base::joined(option.choices)));
      else if (!option.value.empty())
        values += fmt::format("\t\t{}) return ;;\n", name);
    }
  }
  text += fmt::format("\t{})\n\t\tcommands={} options={}\n", base::shell_quoted(path),
                      base::shell_quoted(base::joined(commands)),
                      base::shell_quoted(base::joined(inherited)));
  if (takes_scenarios(command)) text += "\t\tfiles='*.yaml'\n";
  if (!values.empty()) text += "\t\tcase $before in\n" + values + "\t\tesac\n";
  text += "\t\t;;\n";
  for (const Command& sub : command.commands)
    add_bash_cases(path + " " + sub.name, sub,
                   path == "lab" ? std::vector<std::string>() : inherited, text);
}

void add_paths(const std::string& path, const Command& command, std::vector<std::string>& paths) {
  paths.push_back(base::shell_quoted(path));
  for (const Command& sub : command.commands) add_paths(path + " " + sub.name, sub, paths);
}

// Escapes text for _arguments' specifications, in their brackets and behind their colons.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("[]:\\").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_value(const Option& option) {
  const std::string& name = option.names.front();
  std::string action = "_files";
  if (!option.choices.empty()) action = "(" + base::joined(option.choices) + ")";
  if (option.positional && name == "scenario") action = "_files -g \"*.yaml(-.)\"";
  return fmt::format(":{}:{}", zsh_text(name), action);
}

void add_zsh_function(const std::string& name, const Command& command, std::string& text) {
  std::string own = fmt::format("{}() {{\n\tlocal state line\n\t_arguments -C", name);
  for (const Option& option : command.options) {
    if (option.positional) {
      own += " \\\n\t\t" + base::shell_quoted((option.repeated   ? "*"
                                               : option.required ? ""
                                                                 : ":") +
                                              zsh_value(option));
      continue;
    }
    for (const std::string& each : option.names)
      own += " \\\n\t\t" + base::shell_quoted((option.repeated ? "*" : "") + each + "[" +
                                              zsh_text(option.description) + "]" +
                                              (option.value.empty() ? "" : zsh_value(option)));
  }
  if (!command.commands.empty()) {
    own +=
        " \\\n\t\t'1: :->command' '*:: :->rest'\n\tcase $state in\n\tcommand)\n\t\tlocal -a "
        "commands=(";
    for (const Command& sub : command.commands)
      own += "\n\t\t\t" + base::shell_quoted(zsh_text(sub.name) + ":" + zsh_text(sub.description));
    own += ")\n\t\t_describe command commands ;;\n\trest)\n\t\tcase $line[1] in\n";
    for (const Command& sub : command.commands)
      own += fmt::format("\t\t{0}) {1}_{0} ;;\n", sub.name, name);
    own += "\t\tesac ;;\n\tesac";
  }
  text += own + "\n}\n";
  for (const Command& sub : command.commands) add_zsh_function(name + "_" + sub.name, sub, text);
}

}  // namespace

std::string bash_completion(const Command& lab) {
  std::vector<std::string> paths;
  add_paths("lab", lab, paths);
  std::string text =
      "# bash completion for lab, made by `lab completion bash`\n"
      "_lab() {\n"
      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} path=lab\n"
      "\tlocal commands='' options='' choices='' files='' i\n"
      "\tCOMPREPLY=()\n"
      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
      "\t\tcase \"$path ${COMP_WORDS[i]}\" in\n\t\t";
  for (std::size_t i = 1; i < paths.size(); ++i) text += (i > 1 ? " | " : "") + paths[i];
  text += ") path=\"$path ${COMP_WORDS[i]}\" ;;\n\t\tesac\n\tdone\n\tcase $path in\n";
  add_bash_cases("lab", lab, {}, text);
  text +=
      "\tesac\n"
      "\tif [ -n \"$choices\" ]; then\n"
      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$word\")\n"
      "\telif [[ $word == -* ]]; then\n"
      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
      "\telif [ -n \"$commands\" ]; then\n"
      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
      "\telif [ -n \"$files\" ]; then\n"
      "\t\tcompopt -o filenames 2>/dev/null || true\n"
      "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$word\"; compgen -f -X \"!$files\" -- "
      "\"$word\")\n"
      "\tfi\n"
      "}\n"
      "complete -o default -F _lab lab\n";
  return text;
}

std::string zsh_completion(const Command& lab) {
  std::string text = "#compdef lab\n# zsh completion for lab, made by `lab completion zsh`\n";
  add_zsh_function("_lab", lab, text);
  return text + "_lab \"$@\"\n";
}

}  // namespace lab::help
