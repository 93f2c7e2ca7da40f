// SPDX-License-Identifier: MIT
// Describes the command line as data, read from its one definition (CLI11's), and makes the manual
// page and the shells' completions from it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lab::help {

struct Option {
  std::vector<std::string> names;    // "-o", "--output"; a positional has one name
  std::string value;                 // "TEXT"; "" for a flag
  std::vector<std::string> choices;  // the allowed values, where they are few
  std::string description;
  bool positional = false, required = false, repeated = false;
};

struct Command {
  std::string name, description;
  std::vector<Option> options;
  std::vector<Command> commands;
};

// Describes a command without its hidden options and commands (group "").
Command describe(const CLI::App& app);

// Returns what `NAME --help` prints, whichever command was parsed.
std::string help_page(const CLI::App& app, const std::string& name);

// Returns lab(1), for man.
std::string man_page(const Command& lab, const std::string& version);

std::string bash_completion(const Command& lab);
std::string zsh_completion(const Command& lab);

}  // namespace lab::help
