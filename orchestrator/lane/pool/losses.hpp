// SPDX-License-Identifier: MIT
// Collects the trials that have no record in the end, and why.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::lane {

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
