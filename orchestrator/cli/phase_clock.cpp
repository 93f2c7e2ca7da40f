// SPDX-License-Identifier: MIT
#include "orchestrator/cli/phase_clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "orchestrator/site/nested.hpp"

namespace lab::cli {

void PhaseClock::take(const trial::Event& event) {
  using Kind = trial::Event::Kind;
  if (event.kind != Kind::phase && event.kind != Kind::end) return;
  if (event.lane > 0) end_phase(lanes_[0]);
  Lane& lane = lanes_[event.lane];
  end_phase(lane);
  if (event.kind == Kind::end) return;
  lane.of_trial = !event.trial.empty();
  // Without what stands in brackets behind it.
  lane.phase = lane.of_trial ? event.text : event.text.substr(0, event.text.find(" ("));
}

record::Timings PhaseClock::phases_before_trial(unsigned lane) {
  record::Timings phases = std::exchange(lanes_[0].before_trial, {});
  if (lane > 0) std::ranges::move(lanes_[lane].before_trial, std::back_inserter(phases));
  lanes_[lane].before_trial.clear();
  return phases;
}

std::size_t PhaseClock::lanes() const {
  return lanes_.size() - lanes_.count(0);
}

double PhaseClock::phase_seconds() const {
  double sum = 0;
  for (const auto& [name, seconds] : phases_) sum += seconds;
  return sum;
}

void PhaseClock::end_phase(Lane& lane) {
  const double seconds = lane.phase_watch.seconds();
  lane.phase_watch.restart();
  const std::string phase = std::exchange(lane.phase, {});
  if (phase.empty()) return;
  if (!lane.of_trial) lane.before_trial.emplace_back(phase, seconds);
  if (phase == site::outer_vm_phase) outer_seconds_ += seconds;
  if (lane.of_trial && (phase == "boot" || phase.starts_with("step "))) guest_seconds_ += seconds;
  const auto same = std::ranges::find(phases_, phase, &record::Timings::value_type::first);
  if (same == phases_.end())
    phases_.emplace_back(phase, seconds);
  else
    same->second += seconds;
}

std::string PhaseClock::table() const {
  const double all = phase_seconds();
  std::string text = "time by phase, this machine's seconds\n";
  for (const auto& [name, seconds] : phases_)
    text += fmt::format("  {:<30} {:8.1f}  {:3.0f} %\n", name, seconds, 100 * seconds / all);
  return text;
}

}  // namespace lab::cli
