// SPDX-License-Identifier: MIT
#include "orchestrator/record/causes.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "orchestrator/record/record.hpp"

namespace lab::record {
namespace {

struct Sum {
  std::uint64_t exits = 0;
  bool overflows = false;

  void add(std::uint64_t more) { overflows |= __builtin_add_overflow(exits, more, &exits); }
  std::string text() const { return overflows ? "more than 2^64" : std::to_string(exits); }
};

}  // namespace

bool has_causes(const Step& step) {
  return !step.causes.empty() || !step.causes_lost.empty();
}

CauseExits exits_of_causes(const Step& step, std::string_view text,
                           const std::set<std::uint32_t>& numbers) {
  CauseExits result;
  std::set<std::uint32_t> found;
  for (const Cause& cause : step.causes) {
    const std::string whole = cause.detail + ", " + cause.place;
    if (!numbers.contains(cause.number) || whole.find(text) == std::string::npos) continue;
    result.exits += cause.exits;
    found.insert(cause.number);
  }
  for (const Cause& cause : step.causes)
    if (found.contains(cause.number) && cause.detail == other_causes) result.unknown += cause.exits;
  for (const CausesLost& lost : step.causes_lost)
    if ((found.empty() ? numbers : found).contains(lost.number)) result.unknown += lost.exits;
  return result;
}

std::string name_of_reason(const Step& step, std::uint32_t number) {
  const auto found = std::ranges::find(step.reasons, number, &Reason::number);
  return found == step.reasons.end() ? std::to_string(number) : found->name;
}

std::optional<std::string> causes_problem(const Step& step) {
  if (!has_causes(step)) return std::nullopt;
  std::map<std::uint32_t, std::pair<Sum, Sum>> sums;  // of the causes, of the reasons
  for (const Cause& cause : step.causes) sums[cause.number].first.add(cause.exits);
  for (const CausesLost& lost : step.causes_lost) sums[lost.number].first.add(lost.exits);
  for (const Reason& reason : step.reasons) sums[reason.number].second.add(reason.exits);
  for (const auto& [number, sum] : sums) {
    const auto& [causes, reason] = sum;
    if (!causes.overflows && !reason.overflows && causes.exits == reason.exits) continue;
    return fmt::format(
        "step '{}': the causes of {} ({}), with the lost ones, add up to {} exits, "
        "but the reason has {}",
        step.name, name_of_reason(step, number), number, causes.text(), reason.text());
  }
  return std::nullopt;
}

}  // namespace lab::record
