// SPDX-License-Identifier: MIT
// The command line as data, taken from its one definition (CLI11's), and what is made of it: the
// manual page and the shells' completions.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lab::help {

struct Option {
  std::vector<std::string> names;    // "-o", "--output"; of a positional its one name
  std::string value;                 // "TEXT"; "" for a flag
  std::vector<std::string> choices;  // values it may have, where these are few
  std::string description;
  bool positional = false, required = false, repeated = false;
};

struct Command {
  std::string name, description;
  std::vector<Option> options;
  std::vector<Command> commands;
};

// Without what is hidden (group "").
Command describe(const CLI::App& app);

// What `NAME --help` prints, whichever command was parsed.
std::string help_page(const CLI::App& app, const std::string& name);

// lab(1), for man.
std::string man_page(const Command& lab, const std::string& version);

std::string bash_completion(const Command& lab);
std::string zsh_completion(const Command& lab);

}  // namespace lab::help
