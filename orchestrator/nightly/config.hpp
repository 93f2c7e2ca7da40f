// SPDX-License-Identifier: MIT
// Reads the file that configures a night: KEY = VALUE, one a line (ci/nightly.conf explains the
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
  Words options;  // for its run and check only
};

struct Config {
  Words sites;  // tried in this order
  std::vector<ConfiguredScenario> scenarios;
  Words options;        // for every run and check
  Words check_options;  // for every check
  bool needs_baseline = true;
};

// Splits words that are quoted as in a shell. Throws a user error where a quote does not end.
Words shell_words(std::string_view text);

// Reads the file. Given sites replace the file's, and given options follow the file's. Throws a
// user error with file:line where the file is wrong.
Config read_config(const std::filesystem::path& file, const Words& sites, const Words& options);

}  // namespace lab::nightly
