// SPDX-License-Identifier: MIT
// A node's first trial is a known one: an exact boot, whose counts are the same on each machine.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::lane {

// The exact boot of `tiny`.
scenario::TrialPlan known_trial();

// What differs in counts, and then in conditions, between `record` of a node and `reference` of
// another; "" where the counts are the same.
std::string difference(const record::Record& record, const std::string& node,
                       const record::Record& reference, const std::string& reference_node);

class NodeProof {
 public:
  enum class State { unknown, running, known, different };

  State state(const std::string& node) const;
  void begin(const std::string& node) { states_[node] = State::running; }
  // It came to no end: another lane of the node tries again.
  void forget(const std::string& node) { states_.erase(node); }
  // The first node's counts are what all others' are compared with. Returns the difference, ""
  // where there is none. Error (infrastructure) where the trial did not pass, so that it says
  // nothing.
  std::string judge(const std::string& node, const record::Record& record);

 private:
  std::map<std::string, State> states_;
  std::optional<record::Record> reference_;
  std::string reference_node_;
};

}  // namespace lab::lane
