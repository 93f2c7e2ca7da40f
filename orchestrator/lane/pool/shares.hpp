// SPDX-License-Identifier: MIT
// Keeps the trials that wait for a lane, and decides what happens to those that a lane has failed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::lane {

// Holds what one lane does in one go: an exact trial, or all trials of a cell whose counts depend
// on the machine or that has warm-ups.
struct Share {
  std::vector<scenario::TrialPlan> plans;
  std::set<unsigned> failed_on;  // lanes
};

std::vector<Share> make_shares(std::vector<scenario::TrialPlan> plans);

class Shares {
 public:
  static constexpr unsigned max_given_back = 3;  // retries of a trial

  explicit Shares(std::vector<scenario::TrialPlan> plans);

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

  // Returns the next share for this lane: one that this lane has not failed, or that each of
  // `lanes` has failed.
  std::optional<Share> next(unsigned lane, const std::set<unsigned>& lanes);

  // Takes back the plans of a share that have no record yet, its warm-ups included; `lane` failed
  // at `trial`. Returns the names of those that are given up: that trial where it has no retries
  // left or may not be tried `again`, and the whole share where it is a warm-up.
  std::vector<std::string> give_back(Share share, const std::string& trial, unsigned lane,
                                     bool again);

  // Returns the names of all trials that wait.
  std::vector<std::string> names() const;

 private:
  std::deque<Share> waiting_;
  std::map<std::string, unsigned> failures_;  // by trial
};

// Collects the trials that have no record in the end, and why.
class Losses {
 public:
  // Adds trials that are given up.
  void add(const std::vector<std::string>& trials, const base::Error& why);
  // Adds a lane that is left out.
  void add_lane(const base::Error& why) { last_lane_.emplace(why); }

  // Throws an Error with the first cause, which names the trials that were given up and those in
  // `never_run`; does nothing where there are none. `none_left`: no lane is left.
  void throw_any(const std::vector<std::string>& never_run, bool none_left) const;

 private:
  std::vector<std::string> trials_;
  std::optional<base::Error> first_, last_lane_;
};

}  // namespace lab::lane
