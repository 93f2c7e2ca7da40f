// SPDX-License-Identifier: MIT
#include "orchestrator/cli/phase_clock.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/site/nested.hpp"

namespace lab::cli {

void PhaseClock::take(const trial::Event& phase) {
  end_phase();
  of_trial_ = !phase.trial.empty();
  // Without what stands in brackets behind it.
  phase_ = of_trial_ ? phase.text : phase.text.substr(0, phase.text.find(" ("));
}

record::Timings PhaseClock::phases_before_trial() {
  return std::exchange(before_trial_, {});
}

void PhaseClock::end_phase() {
  const double seconds = phase_watch_.seconds();
  phase_watch_.restart();
  if (phase_.empty()) return;
  if (!of_trial_) before_trial_.emplace_back(phase_, seconds);
  if (phase_ == site::outer_vm_phase) outer_seconds_ += seconds;
  if (of_trial_ && (phase_ == "boot" || phase_.starts_with("step "))) guest_seconds_ += seconds;
  const auto same = std::ranges::find(phases_, phase_, &record::Timings::value_type::first);
  if (same == phases_.end())
    phases_.emplace_back(phase_, seconds);
  else
    same->second += seconds;
}

std::string PhaseClock::table() const {
  std::string text = "time by phase, this machine's seconds\n";
  for (const auto& [name, seconds] : phases_)
    text +=
        fmt::format("  {:<30} {:8.1f}  {:3.0f} %\n", name, seconds, 100 * seconds / all_.seconds());
  return text;
}

}  // namespace lab::cli
