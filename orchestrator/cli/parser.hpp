// SPDX-License-Identifier: MIT
// Defines the command line: its commands, their options, and the action of each command. CLI11 does
// the parsing. Its header adds 13 seconds to each file that includes it, so it stays in parser.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lab::cli {

// Is a handle on an option of a command; valid as long as the command line that it belongs to.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required() const;
  // The help prints the value that the variable had when the option was added.
  Option shows_default() const;
  // Sets a range that includes both ends. T is int or double.
  template <typename T>
  Option range(T least, T most) const;
  Option one_of(std::vector<std::string> choices) const;
  // Sets the help's name for the value; NAME:{a,b} also names its choices.
  Option type_name(const std::string& name) const;
  // Takes one word for each mention of the option, not all words that follow.
  Option one_word() const;
  Option comma_separated() const;
  // The last word counts where the option is given more than once; by default that is an error.
  Option last_counts() const;
  // Takes exactly this number of words.
  Option count(int words) const;
  Option needs(const Option& other) const;
  Option excludes(const Option& other) const;

 private:
  CLI::Option* option_;
};

// Is the type of a number's bounds.
template <typename T>
using Bound = std::conditional_t<std::is_floating_point_v<T>, double, int>;

// Is a handle on a command; valid as long as the command line that it belongs to.
class Command {
 public:
  // Runs when the command is chosen, and returns the exit code.
  using Action = std::function<int()>;

  Command(CLI::App* app, Action* chosen) : app_(app), chosen_(chosen) {}

  Command add_subcommand(const std::string& name, const std::string& description) const;
  // The variable must live until the action has run. T is a type that parser.cpp instantiates this
  // for. `names` is as in "-o,--output"; a positional's name has no dashes.
  template <typename T>
  Option add_option(const std::string& names, T& variable,
                    const std::string& description = "") const;
  // Adds an option for a number in a range that includes both ends. The help prints its default.
  template <typename T>
  Option add_number(const std::string& names, T& variable, const std::string& description,
                    Bound<T> least, Bound<T> most) const {
    return add_option(names, variable, description).range(least, most).shows_default();
  }
  Option add_flag(const std::string& names, bool& variable, const std::string& description) const;
  void runs(Action action) const;
  // Accepts words that are not its own options, and puts them into the variable before it runs.
  void passes_on(std::vector<std::string>& words) const;

  // Leaves the command out of the help, the manual page and the completions.
  void hide() const;
  void require_subcommand() const;
  // Its own options may also follow its subcommands' names.
  void accept_options_anywhere() const;
  // Words behind the first positional belong to the positionals, even where they look like options.
  void positionals_at_end() const;

  std::optional<Command> find_subcommand(const std::string& name) const;
  std::vector<std::string> subcommands() const;  // those that the help lists
  const CLI::App& app() const { return *app_; }

 private:
  CLI::App* app_;
  Action* chosen_;
};

// Is the whole command line of a program.
class Parser {
 public:
  Parser(const std::string& name, const std::string& description);
  ~Parser();

  Command top() { return {app_.get(), &action_}; }
  void set_version(const std::string& text);
  void add_switch(const std::string& names, std::function<void()> run,
                  const std::string& description);

  // Reads the words. Returns true where `action()` is to be run. Returns false where nothing is
  // left to do: the help, the version or the error is printed, and `exit_code()` is the program's.
  bool parse(int argc, const char* const* argv);
  int exit_code() const { return exit_code_; }
  int action() const { return action_(); }
  bool chosen(const std::string& command) const;

 private:
  std::unique_ptr<CLI::App> app_;
  Command::Action action_;
  int exit_code_ = 0;
};

}  // namespace lab::cli
