// SPDX-License-Identifier: MIT
// Reads the words that name recorded trials: runs, records, stores, baselines, conditions.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::cli {

inline constexpr const char* selection_help =
    "a run ('latest', 'latest~1', or its id), a record's id, a store's or a baseline's file, or "
    "KEY=VALUE[,...] of the conditions (kernel=6.1)";

// Returns the run of `latest` or `latest~N`: N runs before the newest (of the scenario, or of all
// where it is empty); nullopt for any other word. Confirmations do not count as runs.
std::optional<std::string> named_run(const store::Store& store, const std::string& word,
                                     const std::string& scenario);

std::vector<record::TrialCounts> without_confirmations(std::vector<record::TrialCounts> trials);

// Returns the trials of the run that `word` names, or the one record. Throws a user error where
// there are none.
std::vector<record::TrialCounts> select_run(const store::Store& store, const std::string& word,
                                            const std::string& scenario);

// Selects by run, record or conditions, but not by file.
std::vector<record::TrialCounts> select_trials(const store::Store& store, const std::string& word,
                                               const std::string& scenario);

// Selects as the help says. Reports on standard error the trials left out that did not pass.
std::vector<check::Cell> select_cells(const std::string& store_file, const std::string& word,
                                      const std::string& scenario);

// Returns whole records of a cell's newest trials, up to twenty that the store still has.
std::vector<record::Record> some_records(const store::Store& store, const check::Cell& cell);

// Returns the store that contains a word's trials: the file that it names, or the usual one.
std::string find_store(const std::string& store_file, const std::string& word);

// Groups the trials into cells. Reports on standard error which it leaves out.
std::vector<check::Cell> gather(const std::vector<record::TrialCounts>& trials);

}  // namespace lab::cli
