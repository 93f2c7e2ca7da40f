// SPDX-License-Identifier: MIT
// Makes a timeline out of counts that only grow: what came between two samples, by exit reason, in
// a bounded number of samples.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/snapshot.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::trial {

// Exits by number, since the VMs were created.
using ExitsByNumber = std::map<std::uint32_t, std::uint64_t>;
ExitsByNumber exits_by_number(const exits::Counts& counts);

// Adds what the text of a host's exit_stats has by reason. Only those lines are looked at, because
// this is done many times a second; nothing at all is added from a text that was cut off.
void add_exits(std::string_view exit_stats, ExitsByNumber& sums);

class Sampler {
 public:
  // `rate`: samples a second, 0 for none.
  explicit Sampler(std::uint32_t rate, std::size_t max_samples = record::Timeline::max_samples);

  // The guests begin to run, at second 0, with these counts.
  void start(ExitsByNumber counts);

  // When the next sample is to be taken; +infinity: never.
  double next() const { return next_; }
  void take(double seconds, const ExitsByNumber& counts);

  void add_milestone(std::string_view name, double seconds);

  // The numbers ascending, the milestones by their times. Where that is more than a record may
  // have, neighbours are put together further.
  record::Timeline finish();

 private:
  void put_together();

  double interval_;
  double next_;
  std::size_t max_samples_;
  ExitsByNumber last_;
  std::map<std::uint32_t, std::size_t> columns_;  // by number, in the order of their first exits
  record::Timeline timeline_;
};

}  // namespace lab::trial
