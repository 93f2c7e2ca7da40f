// SPDX-License-Identifier: MIT
// Reads lines from a pipe whose other end is not trusted, with a limit for each line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace lab::lane {

class Lines {
 public:
  explicit Lines(std::size_t max_line) : max_line_(max_line) {}

  // Reads some of the available bytes. Returns false at the end of the input. Throws Error
  // (infrastructure) where a line exceeds the limit.
  bool read(int fd);
  // Returns the next whole line, without its newline; nullopt where there is none yet.
  std::optional<std::string> next();

 private:
  std::size_t max_line_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the bytes not returned yet
  std::size_t scanned_ = 0;  // there is no newline from begin_ to here
};

}  // namespace lab::lane
