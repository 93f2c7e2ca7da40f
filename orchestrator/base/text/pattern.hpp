// SPDX-License-Identifier: MIT
// Matches ECMAScript regular expressions. <regex> takes the compiler two and a half seconds in each
// file that uses it, so it stays in pattern.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace lab::base {

class Pattern {
 public:
  // Throws a user error where the text is no regular expression.
  explicit Pattern(const std::string& text);

  // Returns whether the whole text matches.
  bool matches(const std::string& text) const;
  // Returns the whole text and then its groups; nothing where the whole text does not match.
  std::vector<std::string> groups(const std::string& text) const;
  // Returns where the first match within the text begins; npos where there is none.
  std::size_t find(const std::string& text) const;
  // Replaces each match by `with`, in which $1 stands for the match's first group.
  std::string replace(const std::string& text, const std::string& with) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace lab::base
