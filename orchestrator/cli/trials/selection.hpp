// SPDX-License-Identifier: MIT
// Reads the words by which people name scenarios, trials and what is recorded of them: runs,
// records, stores, baselines, conditions.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/cells.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::cli {

inline constexpr const char* scenario_help =
    "Scenario files, or names of those that come with lab (boot-count)";

// Returns the file that the word names or, where there is no such file (a folder is none), the
// scenario of that name among those that come with lab, with or without ".yaml". Where there is
// neither, throws a user error that names the places it looked in and the nearest name.
std::string scenario_file(const std::string& word);

inline constexpr const char* filter_help =
    "Only the trial of this name, or trials whose name matches this regex";

// Returns the test that selects the trials of `-f FILTER`; none where it is empty, which selects
// all. Names contain brackets, so a filter that is no regex may still be a name.
scenario::Wanted trials_named(const std::string& filter);
// Returns the test that selects of these trials the one of exactly this name, where there is one.
scenario::Wanted trials_meant(const std::string& filter, const std::vector<std::string>& names);

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
