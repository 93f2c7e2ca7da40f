// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/live_causes.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "orchestrator/causes/detail.hpp"
#include "orchestrator/causes/place.hpp"

namespace lab::trial {
namespace {

constexpr std::chrono::seconds shortest_interval{1};
constexpr int times_the_reading = 100;

using Text = std::pair<std::uint32_t, std::string>;  // number, "DETAIL, PLACE"

std::string in_words(exits::Vendor vendor, const exits::CauseKey& key) {
  const causes::MemoryTree unknown;
  const std::string detail = causes::describe_detail(vendor, key, unknown),
                    place = causes::describe_place(key, {}, unknown);
  return detail + (detail.empty() || place.empty() ? "" : ", ") + place;
}

Sample::Causes largest(const std::map<Text, std::uint64_t>& exits) {
  Sample::Causes result;
  for (const auto& [text, count] : exits) {
    result.exits += count;
    result.leading.push_back({text.first, text.second.substr(0, max_cause_text), count});
  }
  std::ranges::stable_sort(result.leading, std::greater(), &Sample::Cause::exits);
  if (result.leading.size() > max_live_causes) result.leading.resize(max_live_causes);
  return result;
}

}  // namespace

void LiveCauses::has_read(Clock::time_point begin, Clock::time_point end) {
  next_ = end + std::max<Clock::duration>(shortest_interval, times_the_reading * (end - begin));
}

void LiveCauses::take(const std::map<std::string, exits::HostCauses>& guests) {
  std::map<Text, std::uint64_t> exits;
  std::map<std::string, exits::Causes> now;
  for (const auto& [guest, host] : guests) {
    const exits::Causes came = exits::causes_between(before_[guest], host.now);
    for (const auto& [key, count] : came.causes)
      exits[{key.number, in_words(host.vendor, key)}] += count.exits;
    for (const auto& [number, count] : came.lost) exits[{number, "lost: no room"}] += count;
    now[guest] = host.now;
  }
  before_ = std::move(now);
  leading_ = largest(exits);
}

}  // namespace lab::trial
