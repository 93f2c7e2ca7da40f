// SPDX-License-Identifier: MIT
// Proves each node by a known first trial: an exact boot, whose counts are equal on all machines.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::lane {

// Returns the plan of an exact boot of `tiny`.
scenario::TrialPlan known_trial();

// Returns how the counts, and then the conditions, of `record` on a node differ from those of
// `reference` on another; "" where the counts are equal.
std::string difference(const record::Record& record, const std::string& node,
                       const record::Record& reference, const std::string& reference_node);

class NodeProof {
 public:
  enum class State { unknown, running, known, different };

  State state(const std::string& node) const;
  void begin(const std::string& node) { states_[node] = State::running; }
  // Forgets a trial that did not finish, so that another lane of the node tries again.
  void forget(const std::string& node) { states_.erase(node); }
  // Compares a node's counts with the first node's. Returns the difference, "" where there is none.
  // Throws Error (infrastructure) where the trial did not pass, as it then proves nothing.
  std::string judge(const std::string& node, const record::Record& record);

 private:
  std::map<std::string, State> states_;
  std::optional<record::Record> reference_;
  std::string reference_node_;
};

}  // namespace lab::lane
