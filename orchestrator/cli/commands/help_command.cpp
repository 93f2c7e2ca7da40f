// SPDX-License-Identifier: MIT
// Help on topics and commands, and what is made of the command line's definition.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/help/command_line.hpp"
#include "orchestrator/help/topics.hpp"

namespace lab::cli {
namespace {

std::string overview(const CLI::App& app) {
  // Not app.help(): that is the help of the command that was parsed, and so this one's.
  std::string text = app.get_formatter()->make_help(&app, "lab", CLI::AppFormatMode::Normal) +
                     "\nTopics (lab help TOPIC):\n";
  for (const help::Topic& topic : help::topics())
    text += fmt::format("  {:<26}{}\n", topic.name, topic.title);
  return text;
}

// A topic, or a command in one or two words.
int show(const CLI::App& app, const std::vector<std::string>& words) {
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
  const CLI::App* command = &app;
  std::string name = "lab";
  for (const std::string& word : words) {
    name += " " + word;
    const auto found =
        command->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == word; });
    if (found.empty())
      throw base::user_error("no topic or command '" + word + "'", "lab help lists them");
    command = found.front();
  }
  write_output("", command->get_formatter()->make_help(command, name, CLI::AppFormatMode::Normal));
  return base::exit_ok;
}

}  // namespace

void add_help(CLI::App& app, Action& action) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* help = app.add_subcommand("help", "Explain a topic or a command");
  help->add_option("topic", *words, "Which (without: all there are)");
  help->callback([&app, &action, words] { action = [&app, words] { return show(app, *words); }; });

  const auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "Print the shell's completion script");
  completion->add_option("shell", *shell, "Which")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->required();
  completion->callback([&app, &action, shell] {
    action = [&app, shell] {
      const help::Command lab = help::describe(app);
      write_output("", *shell == "bash" ? help::bash_completion(lab) : help::zsh_completion(lab));
      return base::exit_ok;
    };
  });

  CLI::App* man = app.add_subcommand("man", "Print the manual page (lab man | man -l -)");
  man->callback([&app, &action] {
    action = [&app] {
      write_output("", help::man_page(help::describe(app), LAB_VERSION));
      return base::exit_ok;
    };
  });
}

}  // namespace lab::cli
