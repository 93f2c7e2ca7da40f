// SPDX-License-Identifier: MIT
// Reads lines of a file that may be hostile. Only imports include this header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/base/fd.hpp"

namespace lab::store {

class LineReader {
 public:
  static constexpr std::size_t line_limit = 64u << 20;

  // "-" is standard input. Throws base::Error (user) where the file cannot be opened.
  explicit LineReader(const std::string& file, std::size_t limit = line_limit);

  // Returns whether the file begins with `bytes`; call it before any line is read.
  bool begins_with(std::string_view bytes);
  // Returns the next line that is not blank, without its newline; nullopt at the end of the file.
  // Throws base::Error (user) where a line exceeds the limit, (infrastructure) where reading fails.
  std::optional<std::string> next();

  const std::string& name() const { return name_; }
  std::uint64_t number() const { return number_; }  // of the last line, from 1

 private:
  bool fill();  // false at the end
  std::optional<std::string> next_line();

  std::string name_;
  std::size_t limit_;
  base::Fd fd_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the bytes not returned yet
  std::uint64_t number_ = 0;
};

}  // namespace lab::store
