// SPDX-License-Identifier: MIT
// How long things took before, by the store: so long they will likely take again.
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
  // From the newest trials with the plans' cells, settings and steps on that site ("auto": on the
  // newest one's). Where nothing equal has run, nothing is known.
  Expected(const store::Store& store, const std::vector<scenario::TrialPlan>& plans,
           const std::string& site);

  // Seconds of a phase of a trial, as events name both; or of a phase outside of trials.
  std::optional<double> phase(const std::string& trial, const record::Phase& phase) const;
  // Of all plans one after the other; absent where one of them is new.
  std::optional<double> all(const std::vector<scenario::TrialPlan>& plans) const;

 private:
  std::map<std::string, std::map<record::Phase, double>> cells_;  // seconds by cell and phase
};

}  // namespace lab::terminal
