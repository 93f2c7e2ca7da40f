// SPDX-License-Identifier: MIT
// Several outer VMs at once: each lane runs one job after the other.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::run {

// How many outer VMs of this size run at once: `wanted` (0: as many as possible), but no more than
// there are processors and than fit into the memory that is available; at least one.
unsigned lanes_for(unsigned wanted, unsigned processors, std::uint64_t available_mib,
                   std::uint64_t outer_mib);

// Parts of the jobs, so that `lanes` lanes have about the same number of trials. Neighbours come
// into different parts, but for a cell's trials behind its warm-ups, which stay together.
std::vector<OuterJob> share_out(std::vector<OuterJob> jobs, unsigned lanes);

class Lanes {
 public:
  using RunJob = std::function<void(const OuterJob& job, const trial::Sink& sink)>;
  using Question = std::function<bool()>;

  // `sink` is called by one lane at a time; its events carry their lane, from 1.
  // `stop_early`: asked before each trial; where it says yes, none begins any more.
  Lanes(std::vector<OuterJob> jobs, RunJob run_job, Question stop_early, trial::Sink sink);

  // Runs all jobs, at most `count` at once. One that fails takes with it the trial it was at (and
  // those behind the same warm-ups): what it had not begun is done in another outer VM, unless it
  // failed before its first trial. Each failure is an event (error). Throws what failed first when
  // nothing is left to do; at once where the user asks to stop or the sink throws.
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
