// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/losses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace lab::lane {
namespace {

constexpr std::size_t max_named = 10;  // trials in a message

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), max_named); ++i)
    text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > max_named) text += fmt::format(" and {} more", names.size() - max_named);
  return text;
}

}  // namespace

void Losses::add(const std::vector<std::string>& trials, const base::Error& why) {
  if (!first_) first_.emplace(why);
  std::ranges::copy(trials, std::back_inserter(trials_));
}

void Losses::throw_any(const std::vector<std::string>& never_run, bool none_left) const {
  std::vector<std::string> lost = trials_;
  std::ranges::copy(never_run, std::back_inserter(lost));
  if (lost.empty()) return;
  none_left &= last_lane_.has_value();
  const base::Error& why = none_left || !first_ ? *last_lane_ : *first_;
  throw base::Error(why.kind(),
                    fmt::format("{}no record of {}: {}", none_left ? "no lane is left; " : "",
                                listed(lost), why.what()),
                    why.hint().empty() ? "lab run --resume RUN runs what has none" : why.hint());
}

}  // namespace lab::lane
