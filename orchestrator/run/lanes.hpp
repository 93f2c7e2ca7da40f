// SPDX-License-Identifier: MIT
// Runs several outer VMs at once: each lane runs one job after the other.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::run {

// Returns how many outer VMs of this size run at once: `wanted` (0: as many as possible), but no
// more than there are processors or than fit into the available memory; at least one.
unsigned lanes_for(unsigned wanted, unsigned processors, std::uint64_t available_mib,
                   std::uint64_t outer_mib);

// Returns how many of these jobs' outer VMs run at once, at most one a trial: as many as are wanted
// and as the processors and memory that this process may use allow. Warns where those are fewer
// than wanted. `root` holds /proc and /sys.
unsigned lanes_for_jobs(unsigned wanted, const std::vector<OuterJob>& jobs,
                        const std::filesystem::path& root = "/");

// Splits the jobs so that `lanes` lanes get about the same number of trials. Neighbours go into
// different parts, except for a cell's trials, which stay with the warm-ups before them.
std::vector<OuterJob> share_out(std::vector<OuterJob> jobs, unsigned lanes);

class Lanes {
 public:
  using RunJob = std::function<void(const OuterJob& job, const trial::Sink& sink)>;
  using Question = std::function<bool()>;

  // Only one lane at a time calls `sink`; its events carry their lane, from 1. Each trial begins
  // only if `stop_early` returns false.
  Lanes(std::vector<OuterJob> jobs, RunJob run_job, Question stop_early, trial::Sink sink);

  // Runs all jobs, at most `count` at once. A job that fails loses its current trial (and those
  // after the same warm-ups). Another outer VM runs the trials that it had not begun, unless it
  // failed before its first trial. Each failure is an event (error). Throws the first failure when
  // nothing is left to do; at once if the user asks to stop or the sink throws.
  void run(unsigned count);

 private:
  struct Part {
    OuterJob outer;
    std::size_t recorded = 0;  // trials that have a record
    bool in_trial = false;
  };

  void work(unsigned lane);
  std::optional<OuterJob> next();
  void run_part(Part& part, unsigned lane);
  void take(Part& part, const trial::Event& event);
  void note_failure(const std::exception& error, Part& part, unsigned lane);

  std::vector<OuterJob> waiting_;  // the last one is next
  RunJob run_job_;
  Question stop_early_;
  trial::Sink sink_;
  std::mutex mutex_;  // over all of these
  std::exception_ptr failure_;
  bool interrupted_ = false;
};

}  // namespace lab::run
