// SPDX-License-Identifier: MIT
#include "orchestrator/trial/guest/guest_causes.hpp"

#include <algorithm>

#include "orchestrator/causes/detail.hpp"

namespace lab::trial {

GuestCauses::GuestCauses(const GuestCounters& counters, bool wanted)
    : counters_(counters), wanted_(wanted) {
  if (wanted_) counters_.read_causes();
}

void GuestCauses::begin() {
  if (wanted_) began_ = counters_.read_causes().latched;
}

void GuestCauses::begin_by_host() {
  if (!wanted_) return;
  exits::HostCauses host = counters_.latch_causes();
  began_ = std::move(host.latched);
  began_reasons_ = std::move(host.latched_reasons);
}

std::optional<exits::Check> GuestCauses::end(const std::string& step, Since since,
                                             const exits::StepCounts& counts,
                                             const std::string& check) {
  if (!wanted_) return std::nullopt;
  exits::HostCauses host = counters_.read_causes();
  const exits::Causes nothing;
  const exits::Causes& before = since == Since::creation    ? nothing
                                : since == Since::beginning ? began_
                                                            : host.marked;
  auto result = add(step, exits::causes_between(before, host.latched), counts, check);
  began_ = std::move(host.latched);  // a step may begin with another's end
  return result;
}

std::optional<exits::Check> GuestCauses::end_by_host(const std::string& step,
                                                     exits::StepCounts& counts,
                                                     const std::string& check) {
  if (!wanted_) return std::nullopt;
  const exits::HostCauses host = counters_.latch_causes();
  counts.exits = 0;
  for (const auto& [number, exits] : host.latched_reasons) {
    const auto began = began_reasons_.find(number);
    const std::uint64_t came = exits - (began == began_reasons_.end() ? 0 : began->second);
    const auto reason = std::ranges::find(counts.reasons, number, &exits::ReasonCount::number);
    if (reason != counts.reasons.end())
      reason->exits = came;
    else if (came > 0)
      counts.reasons.push_back({number, came, std::nullopt});
    counts.exits += came;
  }
  std::erase_if(counts.reasons, [](const auto& reason) { return reason.exits == 0; });
  std::ranges::sort(counts.reasons, {}, &exits::ReasonCount::number);
  return add(step, exits::causes_between(began_, host.latched), counts, check);
}

std::optional<exits::Check> GuestCauses::add(const std::string& step, const exits::Causes& causes,
                                             const exits::StepCounts& counts,
                                             const std::string& check) {
  unnamed_.push_back({step, causes});
  return exits::check_causes(check, counts, causes);
}

std::vector<std::uint64_t> GuestCauses::addresses_to_name(std::size_t limit) const {
  exits::Causes all;
  for (const StepCauses& step : unnamed_) exits::add(all, step.causes);
  return causes::addresses_to_name(all, limit);
}

void GuestCauses::name(const causes::Symbols& symbols, const causes::MemoryTree& tree,
                       const std::set<std::string>& without_symbols, exits::Vendor vendor,
                       std::uint32_t guest, std::vector<record::Step>& steps) {
  for (const StepCauses& step : unnamed_) {
    const auto found = std::ranges::find_if(steps, [&](const record::Step& candidate) {
      return candidate.name == step.step && candidate.guest == guest;
    });
    if (found == steps.end()) continue;
    const causes::Symbols none;
    const causes::Symbols& known = without_symbols.contains(step.step) ? none : symbols;
    for (const auto& [key, count] : step.causes.causes)
      found->causes.push_back({.number = key.number,
                               .detail = causes::describe_detail(vendor, key, tree),
                               .place = causes::describe_place(key, known, tree),
                               .exits = count.exits,
                               .cycles = count.cycles});
    for (const auto& [number, exits] : step.causes.lost)
      found->causes_lost.push_back({number, exits});
  }
  unnamed_.clear();
}

}  // namespace lab::trial
