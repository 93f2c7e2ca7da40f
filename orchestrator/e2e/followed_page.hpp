// SPDX-License-Identifier: MIT
// Follows a page as its reader does: runs each of its commands, in order, in one shell, and expects
// what the page shows. It reads a page so:
// - A block whose first line is "# NAME.ENDING" is written into the file of that name, and so is
//   one that begins with "```KIND NAME.ENDING".
// - In a block ```console a line "$ COMMAND" is a command. It ends with exit code 0, or with N if
//   "# exit code N" follows it.
// - The lines below a command are lines of its output, of either stream. A word with a digit
//   matches any word with a digit, as it may differ on another day; the noun after it may be
//   singular or plural ("1 reason", "3 reasons"). … matches anything.
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
  // Follows the page in the folder `work`, and keeps the output of the commands in the folder
  // `results`. Adds a failure where a command does not do what the page says.
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

// Returns a page's section: the text between this heading ("## Slurm") and the next of its level.
std::string section_of(const std::string& page, const std::string& heading);

}  // namespace lab::e2e
