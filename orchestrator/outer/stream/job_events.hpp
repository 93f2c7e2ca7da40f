// SPDX-License-Identifier: MIT
// Handles what comes out of an outer VM while it runs its job.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::outer {

// Passes the events on, except those for this side: capabilities, failures, the end.
class JobEvents {
 public:
  // `outside` contains conditions that each record gets besides its own.
  JobEvents(const trial::Sink& sink, const inside::Job& job, record::Conditions outside = {});

  // Returns whether that was the last event. Throws an infrastructure error where the line is none.
  bool take(const std::string& line);

  void throw_failure() const;  // does nothing where none came

 private:
  void pass_on(trial::Event event);
  void take_phase(const std::string& trial, const record::Phase& phase);
  void amend(record::Record& record);
  void tell_our_time(record::Record& record);

  const trial::Sink& sink_;
  std::filesystem::path capabilities_;
  record::Conditions outside_;
  bool own_clock_;  // the machine's clock is independent of ours
  std::string trial_;
  record::Phase phase_;
  std::chrono::system_clock::time_point trial_began_ = std::chrono::system_clock::now();
  base::Stopwatch trial_watch_, phase_watch_;
  record::Timings timings_;  // of the current trial
  std::optional<base::Error> failure_;
};

// Caches what libvirt found out about QEMU in earlier outer VMs (inside/machine/capabilities).
// Returns their folder for outer VMs like the job's, from this image. Empty for a machine with a
// clock of its own: its counts would depend on whether another one had run there before.
std::filesystem::path kept_capabilities(const base::Folders& folders, const OuterImage& image,
                                        const inside::Job& job);

// Keeps what came out of a VM; ignores it where its name is not proper or it exceeds 1 MiB.
void keep_capabilities(const std::filesystem::path& folder, const trial::Capabilities& came);

}  // namespace lab::outer
