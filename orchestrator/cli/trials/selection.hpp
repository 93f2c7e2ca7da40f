// SPDX-License-Identifier: MIT
// The words by which people name recorded trials: runs, records, stores, baselines, conditions.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::cli {

inline constexpr const char* selection_help =
    "a run ('latest', 'latest~1', or its id), a record's id, a store's or a baseline's file, or "
    "KEY=VALUE[,...] of the conditions (kernel=6.1)";

// The run that is `back` runs before the newest (of the scenario, or of all where it is empty), or
// nullopt where the word is not of the form latest, latest~N. Confirmations are no runs of their
// own.
std::optional<std::string> named_run(const store::Store& store, const std::string& word,
                                     const std::string& scenario);

std::vector<record::TrialCounts> without_confirmations(std::vector<record::TrialCounts> trials);

// Trials of one run, or the one record, by what `word` says. A user error where there are none.
std::vector<record::TrialCounts> select_run(const store::Store& store, const std::string& word,
                                            const std::string& scenario);

// By run, record or conditions; not by file.
std::vector<record::TrialCounts> select_trials(const store::Store& store, const std::string& word,
                                               const std::string& scenario);

// As the help says; what was left out because it did not pass is said on standard error.
std::vector<check::Cell> select_cells(const std::string& store_file, const std::string& word,
                                      const std::string& scenario);

// Whole records of a cell's newest trials, some twenty; those that the store still has.
std::vector<record::Record> some_records(const store::Store& store, const check::Cell& cell);

// The store that a word's trials are in: the file that it names, or the usual one.
std::string find_store(const std::string& store_file, const std::string& word);

// Cells of the trials; says on standard error what is left out.
std::vector<check::Cell> gather(const std::vector<record::TrialCounts>& trials);

}  // namespace lab::cli
