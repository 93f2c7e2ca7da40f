// SPDX-License-Identifier: MIT
#include "orchestrator/exits/traced/detail_comparison.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/counted.hpp"

namespace lab::exits {
namespace {

constexpr std::size_t details_shown = 8;

std::uint64_t saturating_sum(std::uint64_t left, std::uint64_t right) {
  return right > unbounded_events - left ? unbounded_events : left + right;
}

// Without unrestricted guests KVM emulates states that VMX refuses, and counts that as an exit of
// reason 33. The instructions that it emulates meanwhile are traced without an exit.
bool emulates_without_exits(const CausedDetails& caused) {
  return caused.vendor == Vendor::vmx &&
         (caused.causes.lost.contains(33) ||
          std::ranges::any_of(caused.causes.causes,
                              [](const auto& cause) { return cause.first.number == 33; }));
}

std::string in_words(const Bounds& bounds) {
  if (bounds.most == bounds.least) return std::to_string(bounds.least);
  if (bounds.most == unbounded_events) return fmt::format("at least {}", bounds.least);
  return fmt::format("{} to {}", bounds.least, bounds.most);
}

}  // namespace

void widen(Bounds& bounds, std::uint64_t least, std::uint64_t most) {
  bounds.least += least;
  bounds.most = saturating_sum(bounds.most, most);
}

Expected expect(const CausedDetails& caused, const Numbers& numbers, const Expect& add) {
  Expected expected;
  for (const auto& [key, count] : caused.causes.causes)
    if (numbers.contains(key.number)) add(expected, key, count.exits);
  for (const auto& [number, exits] : caused.causes.lost)
    if (numbers.contains(number)) expected.of_any += exits;
  if (emulates_without_exits(caused)) expected.of_any = unbounded_events;
  return expected;
}

std::uint64_t least_exits(const CauseKey& key, std::uint64_t exits) {
  return is_nested(key) ? 0 : exits;
}

Check compare_events(const std::string& name, const std::string& tracepoint, Expected expected,
                     const TracedDetails::Events& traced) {
  Check check{.name = "at rest: " + name, .left = 0, .right = 0};
  for (const auto& [detail, events] : traced) expected.details.try_emplace(detail);
  std::string differences;
  std::size_t differing = 0;
  std::uint64_t beyond = 0;
  for (const auto& [detail, bounds] : expected.details) {
    const auto found = traced.find(detail);
    const std::uint64_t events = found == traced.end() ? 0 : found->second;
    *check.left += bounds.least;
    *check.right += events;
    if (events > bounds.most) beyond = saturating_sum(beyond, events - bounds.most);
    const Bounds allowed{bounds.least, saturating_sum(bounds.most, expected.of_any)};
    if (events >= allowed.least && events <= allowed.most) continue;
    if (++differing <= details_shown)
      differences +=
          fmt::format("; detail {:#x}: causes {}, traced {}", detail, in_words(allowed), events);
  }
  if (differing > details_shown)
    differences += fmt::format("; and {} more", differing - details_shown);
  if (beyond > expected.of_any && differing == 0)
    differences =
        fmt::format("; {} events of no cause, {} exits lost theirs", beyond, expected.of_any);
  check.ok = differences.empty();
  check.detail =
      fmt::format("{} against a histogram of {}{}",
                  base::counted(expected.details.size(), "detail"), tracepoint, differences);
  return check;
}

}  // namespace lab::exits
