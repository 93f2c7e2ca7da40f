// SPDX-License-Identifier: MIT
// A page as its reader follows it: each of its commands runs, in order, in one shell, and does what
// the page shows. How the page is read:
//   - A block whose first line is "# NAME.ENDING" is written into the file of that name, and so is
//     one that begins with "```KIND NAME.ENDING".
//   - In a block ```console a line "$ COMMAND" is a command. It ends with exit code 0, or with N
//     where "# exit code N" stands behind it.
//   - The lines below a command are lines of its output, of either stream. A word with a digit is
//     another one on another day: it stands for any word with a digit, and the noun behind it may
//     be one or many ("1 reason", "3 reasons"); … stands for anything.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lab::e2e {

class FollowedPage {
 public:
  explicit FollowedPage(const std::string& page);

  std::size_t size() const { return steps_.size(); }
  // Follows it in the folder `work`; what commands print is kept in the folder `results`. Adds a
  // failure where a command does something else than the page says.
  void follow(const std::filesystem::path& work, const std::filesystem::path& results,
              const std::map<std::string, std::string>& environment,
              std::chrono::minutes limit) const;

 private:
  struct Step {
    std::string file, text;  // to write; or
    std::string command;     // to run
    int exit_code = 0;
    std::vector<std::string> output;
  };

  void read_block(const std::string& kind, const std::vector<std::string>& block);
  std::string script(const std::filesystem::path& results) const;
  void check(const std::filesystem::path& results, const std::string& errors) const;

  std::vector<Step> steps_;
};

// A page's section: what is between this heading ("## Slurm") and the next of its level.
std::string section_of(const std::string& page, const std::string& heading);

}  // namespace lab::e2e
