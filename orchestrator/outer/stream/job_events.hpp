// SPDX-License-Identifier: MIT
// What comes out of an outer VM while it does its job.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::outer {

// Passes the events on, but for what is this side's own: capabilities, failures, the end.
class JobEvents {
 public:
  // `outside`: conditions that each record gets besides its own.
  JobEvents(const trial::Sink& sink, const inside::Job& job, record::Conditions outside = {});

  // Whether that was the last. Error (infrastructure) where the line is no event.
  bool take(const std::string& line);

  void throw_failure() const;  // where there was one

 private:
  void pass_on(trial::Event event);
  void take_phase(const std::string& trial, const record::Phase& phase);
  void amend(record::Record& record);
  void tell_our_time(record::Record& record);

  const trial::Sink& sink_;
  std::filesystem::path capabilities_;
  record::Conditions outside_;
  bool own_clock_;  // the machine's, which says nothing about ours
  std::string trial_;
  record::Phase phase_;
  std::chrono::system_clock::time_point trial_began_ = std::chrono::system_clock::now();
  base::Stopwatch trial_watch_, phase_watch_;
  record::Timings timings_;  // of the present trial
  std::optional<base::Error> failure_;
};

}  // namespace lab::outer
