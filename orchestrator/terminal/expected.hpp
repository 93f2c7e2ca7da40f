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

class Expected {
 public:
  Expected() = default;  // nothing is known
  // Reads the newest trials that have the plans' cells, settings and steps on that site ("auto": on
  // the newest one's site). Nothing is known where no equal trial has run.
  Expected(const store::Store& store, const std::vector<scenario::TrialPlan>& plans,
           const std::string& site);

  // Returns the seconds of a trial's phase, named as in events, or of a phase outside of trials.
  std::optional<double> phase(const std::string& trial, const record::Phase& phase) const;
  // Returns the seconds of all plans run in turn; absent where one of them is new.
  std::optional<double> all(const std::vector<scenario::TrialPlan>& plans) const;

 private:
  std::map<std::string, std::map<record::Phase, double>> cells_;  // seconds by cell and phase
};

}  // namespace lab::terminal
