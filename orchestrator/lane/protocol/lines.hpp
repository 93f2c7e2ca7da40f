// SPDX-License-Identifier: MIT
// Lines out of a pipe whose other end is not trusted: each is bounded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace lab::lane {

class Lines {
 public:
  explicit Lines(std::size_t max_line) : max_line_(max_line) {}

  // Reads some of what is there. False at the end. Error (infrastructure) where a line is longer
  // than allowed.
  bool read(int fd);
  // The next whole line, without its newline; nullopt where there is none yet.
  std::optional<std::string> next();

 private:
  std::size_t max_line_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what was not returned yet
  std::size_t scanned_ = 0;  // there is no newline from begin_ to here
};

}  // namespace lab::lane
