// SPDX-License-Identifier: MIT
// Prints help on topics and commands, and pages generated from the command line's definition.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/help/command_line.hpp"
#include "orchestrator/help/topics.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::cli {
namespace {

std::string overview(const Command& app) {
  std::string text = help::help_page(app.app(), "lab") + "\nTopics (lab help TOPIC):\n";
  const report::Columns columns({{.least = 26}, {.gap = 0}});
  for (const help::Topic& topic : help::topics())
    text += columns.line({std::string(topic.name), std::string(topic.title)}) + "\n";
  return text;
}

// Says that there is no such topic or command below `command`, and which name is the nearest.
base::Error no_help_on(const std::string& word, const Command& command, bool or_topic) {
  const std::vector<std::string> commands = command.subcommands();
  std::vector<std::string_view> names(commands.begin(), commands.end());
  if (or_topic)
    for (const help::Topic& topic : help::topics()) names.push_back(topic.name);
  return base::user_error("no topic or command '" + word + "'" + base::did_you_mean(word, names),
                          "lab help lists them");
}

// Shows a topic, or a command of one or two words.
int show_help(const Command& app, const std::vector<std::string>& words) {
  if (words.empty()) {
    write_output("", overview(app));
    return base::exit_ok;
  }
  if (words.size() == 1) {
    const auto topic = std::ranges::find(help::topics(), words[0], &help::Topic::name);
    if (topic != help::topics().end()) {
      write_output("", help::terminal_text(*topic, terminal::terminal_style().colour));
      return base::exit_ok;
    }
  }
  std::optional<Command> command = app;
  std::string name = "lab";
  for (const std::string& word : words) {
    const std::optional<Command> below = command->find_subcommand(word);
    if (!below) throw no_help_on(word, *command, name == "lab");
    name += " " + word;
    command = below;
  }
  write_output("", help::help_page(command->app(), name));
  return base::exit_ok;
}

int complete(const Command& app, const std::string& shell) {
  const help::Command lab = help::describe(app.app());
  write_output("", shell == "bash" ? help::bash_completion(lab) : help::zsh_completion(lab));
  return base::exit_ok;
}

int print_manual(const Command& app) {
  write_output("", help::man_page(help::describe(app.app()), inside::version()));
  return base::exit_ok;
}

}  // namespace

void add_help(const Command& app) {
  const auto words = std::make_shared<std::vector<std::string>>();
  const Command help = app.add_subcommand("help", "Explain a topic or a command");
  help.add_option("topic", *words, "Which (without: all there are)");
  help.runs([app, words] { return show_help(app, *words); });

  const auto shell = std::make_shared<std::string>();
  const Command completion =
      app.add_subcommand("completion", "Print the shell's completion script");
  completion.add_option("shell", *shell, "Which").one_of({"bash", "zsh"}).required();
  completion.runs([app, shell] { return complete(app, *shell); });

  app.add_subcommand("man", "Print the manual page (lab man | man -l -)").runs([app] {
    return print_manual(app);
  });
}

}  // namespace lab::cli
