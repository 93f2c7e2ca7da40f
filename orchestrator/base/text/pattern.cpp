// SPDX-License-Identifier: MIT
#include "orchestrator/base/text/pattern.hpp"

#include <regex>

#include "orchestrator/base/error.hpp"

namespace lab::base {

struct Pattern::Compiled {
  std::regex regex;
};

Pattern::Pattern(const std::string& text) {
  try {
    compiled_ = std::make_shared<Compiled>(Compiled{std::regex(text)});
  } catch (const std::regex_error& error) {
    throw user_error(error.what());
  }
}

bool Pattern::matches(const std::string& text) const {
  return !groups(text).empty();
}

std::vector<std::string> Pattern::groups(const std::string& text) const {
  std::smatch match;
  if (!std::regex_match(text, match, compiled_->regex)) return {};
  return {match.begin(), match.end()};
}

std::size_t Pattern::find(const std::string& text) const {
  std::smatch match;
  const bool found = std::regex_search(text, match, compiled_->regex);
  return found ? std::size_t(match.position()) : std::string::npos;
}

std::string Pattern::replace(const std::string& text, const std::string& with) const {
  return std::regex_replace(text, compiled_->regex, with);
}

}  // namespace lab::base
