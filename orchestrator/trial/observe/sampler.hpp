// SPDX-License-Identifier: MIT
// Makes a timeline out of counts that only grow: the exits between two samples, by exit reason, in
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

// Contains the exits by reason number, since the VMs were created.
using ExitsByNumber = std::map<std::uint32_t, std::uint64_t>;
ExitsByNumber exits_by_number(const exits::Counts& counts);

// Adds the exits by reason in the text of a host's exit_stats. Parses only those lines, because
// this happens many times a second; adds nothing from a text that was cut off.
void add_exits(std::string_view exit_stats, ExitsByNumber& sums);

class Sampler {
 public:
  // `rate` is in samples a second; 0 takes none.
  explicit Sampler(std::uint32_t rate, std::size_t max_samples = record::Timeline::max_samples);

  // The guests begin to run, at second 0, with these counts.
  void start(ExitsByNumber counts);

  // Returns when to take the next sample; +infinity means never.
  double next() const { return next_; }
  void take(double seconds, const ExitsByNumber& counts);

  void add_milestone(std::string_view name, double seconds);

  // Sorts the numbers in ascending order and the milestones by time. Where that is more than a
  // record may contain, it merges neighbouring samples further.
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
