// SPDX-License-Identifier: MIT
// Lines of a file that need not be well meant. For imports only.
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

  // "-" is standard input. base::Error (user) where it cannot be opened.
  explicit LineReader(const std::string& file, std::size_t limit = line_limit);

  // Whether the file begins so; before any line is read.
  bool begins_with(std::string_view bytes);
  // The next line that is not blank, without its end; nullopt at the file's. base::Error (user) on
  // one that is longer than the limit, (infrastructure) where it cannot be read.
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
  std::size_t begin_ = 0;  // of what is not read yet
  std::uint64_t number_ = 0;
};

}  // namespace lab::store
