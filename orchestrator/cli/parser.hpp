// SPDX-License-Identifier: MIT
// The command line: its commands, their options, and what each of them runs. CLI11 does the
// parsing. Its header, which takes 13 seconds in each file that includes it, stays in parser.cpp.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lab::cli {

// A handle on an option of a command; valid as long as the command line that it belongs to.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required() const;
  // The help prints the value that the variable had when the option was added.
  Option shows_default() const;
  // Both ends included. T: int or double.
  template <typename T>
  Option range(T least, T most) const;
  Option one_of(std::vector<std::string> choices) const;
  // What the help calls the value; NAME:{a,b} also names its choices.
  Option type_name(const std::string& name) const;
  // Takes one word each time that it is given, and not all that follow.
  Option one_word() const;
  Option comma_separated() const;
  // Given more than once, the last word counts; else that is an error.
  Option last_counts() const;
  // Takes exactly so many words.
  Option count(int words) const;
  Option needs(const Option& other) const;
  Option excludes(const Option& other) const;

 private:
  CLI::Option* option_;
};

// A handle on a command; valid as long as the command line that it belongs to.
class Command {
 public:
  // What a command does when it is chosen; returns the exit code.
  using Action = std::function<int()>;

  Command(CLI::App* app, Action* chosen) : app_(app), chosen_(chosen) {}

  Command add_subcommand(const std::string& name, const std::string& description) const;
  // The variable must live until the action ran. T: a type that parser.cpp instantiates it for.
  // Names as in "-o,--output"; a positional's without dashes.
  template <typename T>
  Option add_option(const std::string& names, T& variable,
                    const std::string& description = "") const;
  Option add_flag(const std::string& names, bool& variable, const std::string& description) const;
  void runs(Action action) const;
  // Words that are none of its own options are no error: they are in the variable when it runs.
  void passes_on(std::vector<std::string>& words) const;

  // Not in the help, the manual page or the completions.
  void hide() const;
  void require_subcommand() const;
  // Options of its own may also stand behind its subcommands' names.
  void accept_options_anywhere() const;
  // What looks like an option behind the first positional belongs to the positionals.
  void positionals_at_end() const;

  std::optional<Command> find_subcommand(const std::string& name) const;
  const CLI::App& app() const { return *app_; }

 private:
  CLI::App* app_;
  Action* chosen_;
};

// The whole command line of a program.
class Parser {
 public:
  Parser(const std::string& name, const std::string& description);
  ~Parser();

  Command top() { return {app_.get(), &action_}; }
  void set_version(const std::string& text);
  void add_switch(const std::string& names, std::function<void()> run,
                  const std::string& description);

  // Reads the words. True: `action()` is to be run. False: there is nothing more to be done, the
  // help, the version or the error having been printed, and `exit_code()` is the program's.
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
