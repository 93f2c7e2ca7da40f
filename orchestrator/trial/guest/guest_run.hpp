// SPDX-License-Identifier: MIT
// Runs one guest of a trial, and holds what its parts share.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/trial/guest/guest_causes.hpp"
#include "orchestrator/trial/guest/spec.hpp"
#include "orchestrator/trial/observe/sampler.hpp"
#include "orchestrator/trial/reader/session.hpp"

namespace lab::trial {

// Holds the state that the parts of one running trial share.
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

// Runs one guest of a trial: its machine, its counters on the host's side, and the counts of its
// steps.
class GuestRun {
 public:
  // Makes its disks and its machine, paused. Throws an infrastructure error where that fails.
  GuestRun(TrialState& state, unsigned number);
  GuestRun(const GuestRun&) = delete;
  GuestRun& operator=(const GuestRun&) = delete;

  unsigned number() const { return number_; }
  GuestMachine& machine() { return *machine_; }
  Session& session() { return session_; }
  const GuestCounters& counters() const { return *counters_; }
  GuestCauses& causes() { return causes_; }
  exits::Vendor vendor() const { return vendor_; }
  std::uint32_t reader_protocol() const { return reader_protocol_; }  // 0: no reader yet
  const GuestDisks& disks() const { return disks_; }
  const exits::Counts& created() const { return created_; }
  // Returns "boot: guest = host" for the first guest, "guest 2: boot: guest = host" for the second.
  std::string named(const std::string& check) const;

  // Returns the counts on the host's side. With exit_scope=host and several guests, `vcpus` counts
  // the vCPUs of all guests, as any of them may exit while one guest is being read.
  exits::HostStats stats() const;

  // Begin a step now; a step that the host counts begins with the host's present counts.
  void begin_step();
  void begin_step_by_host();
  // The first step begins at second 0.
  void begin_step_at_start() { begin_ = 0; }
  // Begins a step with the snapshot that the reader has just sent.
  void begin_step(const exits::Snapshot& before);

  // Ends the step with the reader's latest snapshot; it began at `before` or, for a boot, at
  // creation.
  record::Step& end_step(const std::string& name, const std::optional<exits::Snapshot>& before,
                         const exits::Snapshot& after);
  // Ends the step that began with the last begin_step(before).
  record::Step& end_step(const std::string& name, const exits::Snapshot& after);
  // Ends the step with the host's counts of this moment.
  record::Step& end_step_by_host(const std::string& name);

  // Ends the step of a machine that has ended, once no process has the VM any more. Sets a problem
  // of the session where it ended otherwise than by powering itself off.
  void end_by_power_off(const std::string& name);

  // Takes what the reader's `ready` says about the guest, except its counts. Returns false, and
  // sets a problem of the session, where it does not fit.
  bool take_ready(const ReaderMessage& message);

 private:
  record::Step& end_step(const std::string& name, const std::optional<exits::Snapshot>& before,
                         const exits::Snapshot& after, GuestCauses::Since since);
  void add_check(std::optional<exits::Check> check);
  record::Step& add_step(record::Step step, double seconds);
  // Returns the host's counts from before the guest ran; of all VMs where the whole host is
  // counted.
  const exits::Counts& beginning(const exits::HostStats& stats) const;

  TrialState& state_;
  unsigned number_;
  GuestDisks disks_;
  const std::unique_ptr<GuestMachine> machine_;
  const std::unique_ptr<GuestCounters> counters_;
  GuestCauses causes_;
  exits::Counts created_;  // the host's counts before the guest ran
  exits::Vendor vendor_ = exits::Vendor::vmx;
  std::uint32_t reader_protocol_ = 0;
  Session session_;
  std::optional<exits::Counts> latched_;  // the host's at the reader's last report
  exits::Counts by_host_;                 // at the beginning of a step that the host counts
  std::optional<exits::Snapshot> before_;
  double begin_ = 0;
};

}  // namespace lab::trial
