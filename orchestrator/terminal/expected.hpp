// SPDX-License-Identifier: MIT
// Estimates how long phases will take from how long they took in stored trials.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::terminal {

// A trial that has not run yet, with what is known of its conditions.
struct TrialBefore {
  scenario::TrialPlan plan;
  std::string site;
  bool exact = false;
  record::Conditions conditions;  // emulator, host and host_kernel, where it has them
};

class Expected {
 public:
  Expected() = default;  // nothing is known
  // Reads the newest trials that have the same cells, settings and steps, and what is known of the
  // conditions is equal. Nothing is known where no equal trial has run.
  Expected(const store::Store& store, const std::vector<TrialBefore>& trials);

  // Returns the seconds of a trial's phase, named as in events, or of a phase outside of trials.
  std::optional<double> phase(const std::string& trial, const record::Phase& phase) const;
  // Returns the seconds of all plans run in turn; absent where one of them is new.
  std::optional<double> all(const std::vector<scenario::TrialPlan>& plans) const;

 private:
  std::map<std::string, std::map<record::Phase, double>> cells_;  // seconds by cell and phase
};

}  // namespace lab::terminal
