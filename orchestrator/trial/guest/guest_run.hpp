// SPDX-License-Identifier: MIT
// One guest of a trial while it runs: its machine, its counters on the host's side, and the counts
// of its steps.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/trial/guest/guest_causes.hpp"
#include "orchestrator/trial/guest/spec.hpp"
#include "orchestrator/trial/guest/state.hpp"

namespace lab::trial {

class GuestRun {
 public:
  // Makes its disks and its machine, paused. Error (infrastructure) where that fails.
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
  // "boot: guest = host" of the first guest, "guest 2: boot: guest = host" of the second.
  std::string named(const std::string& check) const;

  // The counts on the host's side. With exit_scope=host and several guests, `vcpus` are all
  // theirs: any of them may exit while one is being read.
  exits::HostStats stats() const;

  // A step begins: now, and for a step counted by the host with these counts.
  void begin_step();
  void begin_step_by_host();
  // The first one begins at second 0.
  void begin_step_at_start() { begin_ = 0; }
  // A step begins with what the reader has just reported.
  void begin_step(const exits::Snapshot& before);

  // It ends: what the reader has just reported, since `before` or (a boot) since the beginning.
  record::Step& end_step(const std::string& name, const std::optional<exits::Snapshot>& before,
                         const exits::Snapshot& after);
  // Since the snapshot with which it began.
  record::Step& end_step(const std::string& name, const exits::Snapshot& after);
  // Counted by the host at this moment.
  record::Step& end_step_by_host(const std::string& name);

  // The machine has ended: when no process has the VM any more. A problem of the session's where
  // it ended otherwise than by powering itself off.
  void end_by_power_off(const std::string& name);

  // The reader's ready: what it says of the guest, no counts. False, and a problem of the
  // session's, where it does not fit.
  bool take_ready(const ReaderMessage& message);

 private:
  record::Step& end_step(const std::string& name, const std::optional<exits::Snapshot>& before,
                         const exits::Snapshot& after, GuestCauses::Since since);
  void add_check(std::optional<exits::Check> check);
  record::Step& add_step(record::Step step, double seconds);
  // Where the whole host is counted, what it had when no guest had run.
  const exits::Counts& beginning(const exits::HostStats& stats) const;

  TrialState& state_;
  unsigned number_;
  GuestDisks disks_;
  const std::unique_ptr<GuestMachine> machine_;
  const std::unique_ptr<GuestCounters> counters_;
  GuestCauses causes_;
  exits::Counts created_;  // the host's counts when the guest had not run yet
  exits::Vendor vendor_ = exits::Vendor::vmx;
  std::uint32_t reader_protocol_ = 0;
  Session session_;
  std::optional<exits::Counts> latched_;  // the host's at the reader's last report
  exits::Counts by_host_;                 // where a step counted by the host began
  std::optional<exits::Snapshot> before_;
  double begin_ = 0;
};

}  // namespace lab::trial
