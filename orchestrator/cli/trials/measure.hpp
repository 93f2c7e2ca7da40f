// SPDX-License-Identifier: MIT
// Scenarios under one state of what a user is changing: a kernel, an image, an emulator.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"
#include "orchestrator/kvm/kits/tree.hpp"

namespace lab::cli {

// Of what commands take as a list: "svm,vmx".
std::vector<std::string> words_between_commas(const std::string& text);

// For the user's kernel trees, by lab's usual folders.
kvm::TreeTools tree_tools();

// One state: the value that a setting has in it.
struct State {
  std::string name;     // for people: "f2bdabfc1bc3 KVM: what it says"
  std::string setting;  // "kvm.kernel"
  std::string value;    // "/home/me/linux@f2bdabf…"
};

struct Measured {
  State state;
  std::vector<record::Record> records;
  std::vector<check::Cell> cells;          // of the trials that passed, named without the state
  base::ExitCode outcome = base::exit_ok;  // of the trials that did not
  std::string failure;  // the first that did not pass: "quick#1: guest_failed: …"
};

// Runs the scenarios' trials in each of these states, all of one setting; they are kept in the
// store. Throws what stops all of them.
std::vector<Measured> measure(const std::vector<std::string>& scenarios,
                              const std::vector<State>& states, TrialOptions options);

// Of records that the store has.
Measured as_measured(State state, std::vector<record::Record> records);

// The counts of one of its records, in a cell that is named without the state.
record::TrialCounts counts_in(const Measured& measured, const record::Record& record);

// Conditions that follow from a setting's value, and may differ where that is what was changed.
std::set<std::string> conditions_behind(const std::string& setting);

// The scenarios' floors, and the conditions that follow from the setting may differ.
check::GateOptions gate_for(const std::vector<std::string>& scenarios, const std::string& setting,
                            const TrialOptions& options);

// Whether `after` has more or fewer exits than `before`. The causes that changed are named.
check::Verdict judge_change(const Measured& before, const Measured& after,
                            const check::GateOptions& gate);

// "svm (emulated, exact), outer kernel 6.1.192, 1 trial": of these trials.
std::string where_in_words(const Measured& measured);

}  // namespace lab::cli
