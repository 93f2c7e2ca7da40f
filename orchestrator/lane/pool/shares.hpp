// SPDX-License-Identifier: MIT
// Which trials wait for a lane, and what becomes of those that a lane has failed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/scenario/scenario.hpp"

namespace lab::lane {

// What one lane does in one go: an exact trial, or all of a cell whose counts depend on the machine
// or that has warm-ups.
struct Share {
  std::vector<scenario::TrialPlan> plans;
  std::set<unsigned> failed_on;  // lanes
};

std::vector<Share> make_shares(std::vector<scenario::TrialPlan> plans);

class Shares {
 public:
  static constexpr unsigned max_given_back = 3;  // times that a trial is tried again

  explicit Shares(std::vector<scenario::TrialPlan> plans);

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

  // The next one for this lane: one that it has not failed, or that all lanes which are left have.
  std::optional<Share> next(unsigned lane, const std::set<unsigned>& lanes);

  // What of a share has no record yet, its warm-ups included; `trial` is the one at which `lane`
  // failed. Returns the names of those that are given up: that trial where it was tried often
  // enough or is not `again` to be tried, with all that is behind it where it is a warm-up.
  std::vector<std::string> give_back(Share share, const std::string& trial, unsigned lane,
                                     bool again);

  // Of all that wait.
  std::vector<std::string> names() const;

 private:
  std::deque<Share> waiting_;
  std::map<std::string, unsigned> failures_;  // by trial
};

}  // namespace lab::lane
