// SPDX-License-Identifier: MIT
// Holds the state that the parts of one running trial share.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/trial/guest/context.hpp"
#include "orchestrator/trial/observe/sampler.hpp"
#include "orchestrator/trial/reader/session.hpp"

namespace lab::trial {

struct TrialState {
  TrialState(const scenario::TrialPlan& the_plan, const GuestImage& the_image,
             const TrialContext& the_context)
      : plan(the_plan),
        image(the_image),
        context(the_context),
        sampler(the_plan.settings.samples),
        end(std::chrono::steady_clock::now() + the_plan.timeouts.trial) {}

  const scenario::TrialPlan& plan;
  const GuestImage& image;
  const TrialContext& context;
  record::Record record;
  Sampler sampler;
  Deadline end;                 // of the whole trial
  base::Stopwatch since_start;  // since the first guest began to run
  record::Phase phase;          // the current one
  base::Stopwatch phase_watch;  // since the phase began
  std::uint32_t next_id = 1;    // of requests to readers
  exits::Counts created;        // of all guests' VMs together, before any had run

  void begin(record::Phase next) {
    phase = std::move(next);
    phase_watch.restart();
    context.sink({.trial = plan.name, .what = PhaseBegun{phase, ""}});
  }
  // On a machine with a clock of its own, waits for its next multiple of `interval`. What follows
  // then begins at the same moment whatever lab did before: another build of lab takes other
  // instructions, and a longer scenario takes more of them. The wait does not count against the
  // trial's limit.
  void await_moment(std::chrono::seconds interval) {
    if (!context.own_clock) return;
    using Clock = std::chrono::steady_clock;
    const auto now = Clock::now();
    const auto moment =
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) / interval * interval +
        interval;
    base::sleep_until_interruptibly(Clock::time_point(moment));
    end += Clock::time_point(moment) - now;
  }

  void end_phase() { record.timings.push_back({phase, phase_watch.seconds()}); }
  void add_check(exits::Check check) { record.checks.push_back(std::move(check)); }
  // Returns the time after `limit` from now, but at most the trial's end.
  Deadline deadline(std::chrono::milliseconds limit) const {
    return std::min(end, std::chrono::steady_clock::now() + limit);
  }
};

}  // namespace lab::trial
