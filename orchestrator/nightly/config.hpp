// SPDX-License-Identifier: MIT
// The file that says what a night runs: KEY = VALUE, one a line (ci/nightly.conf explains the
// keys).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lab::nightly {

using Words = std::vector<std::string>;

struct ConfiguredScenario {
  std::string name;  // the file's, without .yaml
  std::filesystem::path file;
  Words options;  // of its own, for run and check
};

struct Config {
  Words sites;  // in the order in which they are tried
  std::vector<ConfiguredScenario> scenarios;
  Words options;        // for every run and check
  Words check_options;  // for every check
  bool needs_baseline = true;
};

// Words that are quoted as in a shell. Error (user) where a quote has no end.
Words shell_words(std::string_view text);

// Sites that are given replace the file's, and options that are given follow the file's. Error
// (user), with file:line, on what is wrong in it.
Config read_config(const std::filesystem::path& file, const Words& sites, const Words& options);

}  // namespace lab::nightly
