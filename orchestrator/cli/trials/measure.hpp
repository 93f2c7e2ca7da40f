// SPDX-License-Identifier: MIT
// Runs scenarios under one state of what a user is changing: a kernel, an image, an emulator.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"
#include "orchestrator/kvm/kits/tree.hpp"

namespace lab::cli {

// Returns tools for the user's kernel trees, which use lab's usual folders.
kvm::TreeTools tree_tools();

// Is one state: the value that a setting has in it.
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

// Runs the scenarios' trials in each of these states, all of one setting, and keeps them in the
// store. Throws an error that stops all of them.
std::vector<Measured> measure(const std::vector<std::string>& scenarios,
                              const std::vector<State>& states, TrialOptions options);

// Makes the result from records that the store has.
Measured as_measured(State state, std::vector<record::Record> records);

// Returns the counts of one of its records, in a cell that is named without the state.
record::TrialCounts counts_in(const Measured& measured, const record::Record& record);

// Returns the conditions that follow from a setting's value: they may differ where it was changed.
std::set<std::string> conditions_behind(const std::string& setting);

// Returns options with the scenarios' floors, under which the setting's conditions may differ.
check::GateOptions gate_for(const std::vector<std::string>& scenarios, const std::string& setting,
                            const TrialOptions& options);

// Judges whether `after` has more or fewer exits than `before`, and names the causes that changed.
check::Verdict judge_change(const Measured& before, const Measured& after,
                            const check::GateOptions& gate);

// Describes these trials: "svm (emulated, exact), outer kernel 6.1.192, 1 trial a side".
std::string where_in_words(const Measured& measured);

}  // namespace lab::cli
