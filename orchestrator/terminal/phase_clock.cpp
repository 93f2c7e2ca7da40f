// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/phase_clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "orchestrator/report/text.hpp"

namespace lab::terminal {

void PhaseClock::take(const trial::Event& event) {
  const auto* begun = event.get<trial::PhaseBegun>();
  if (begun == nullptr && !event.is<trial::End>()) return;
  if (event.lane > 0) end_phase(lanes_[0]);
  Lane& lane = lanes_[event.lane];
  end_phase(lane);
  if (begun == nullptr) return;
  lane.of_trial = !event.trial.empty();
  lane.phase = begun->phase;
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
  for (const record::Timing& timing : phases_) sum += timing.seconds;
  return sum;
}

void PhaseClock::end_phase(Lane& lane) {
  const double seconds = lane.phase_watch.seconds();
  lane.phase_watch.restart();
  const auto phase = std::exchange(lane.phase, std::nullopt);
  if (!phase) return;
  if (!lane.of_trial) lane.before_trial.push_back({*phase, seconds});
  if (phase->kind == record::Phase::Kind::outer_vm) outer_seconds_ += seconds;
  if (phase->kind == record::Phase::Kind::step) guest_seconds_ += seconds;
  const auto same = std::ranges::find(phases_, *phase, &record::Timing::phase);
  if (same == phases_.end())
    phases_.push_back({*phase, seconds});
  else
    same->seconds += seconds;
}

std::string PhaseClock::table() const {
  const double all = phase_seconds();
  const report::Columns columns({{.least = 30}, {report::on_right, 8, 1}, {report::on_right, 5}});
  std::string text = "time by phase, this machine's seconds\n";
  for (const auto& [phase, seconds] : phases_)
    text += columns.line({record::in_words(phase), fmt::format("{:.1f}", seconds),
                          fmt::format("{:.0f} %", 100 * seconds / all)}) +
            "\n";
  return text;
}

}  // namespace lab::terminal
