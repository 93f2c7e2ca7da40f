// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/selection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/base/text/pattern.hpp"
#include "orchestrator/check/baseline.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/run/run.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

using record::TrialCounts;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

bool is_json(const std::string& file) {
  return base::read_bytes(file, 0, 1) == "{";
}

std::vector<check::Cell> cells_of_baseline(const std::string& file) {
  std::vector<check::Cell> cells;
  for (check::Entry& entry : check::read_baseline(file).entries)
    cells.push_back(std::move(entry.cell));
  return cells;
}

struct Wanted {
  std::string key, value;

  bool holds(const record::Conditions& conditions) const {
    const auto found = conditions.find(key);
    if (found == conditions.end()) return value.empty();
    return key == record::condition::outer_kernel ? run::means_release(value, found->second)
                                                  : found->second == value;
  }
};

std::vector<Wanted> wanted_conditions(const std::string& word) {
  std::vector<Wanted> wanted;
  for (const std::string_view text : base::split(word, ',')) {
    const std::string part(text);
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      throw base::user_error("'" + part + "' in '" + word + "' is not KEY=VALUE");
    std::string key = part.substr(0, equals);
    if (key == "kernel") key = record::condition::outer_kernel;
    wanted.push_back({key, part.substr(equals + 1)});
  }
  return wanted;
}

std::vector<TrialCounts> by_conditions(const store::Store& store, const std::string& word,
                                       const std::string& scenario) {
  const std::vector<Wanted> wanted = wanted_conditions(word);
  std::vector<TrialCounts> trials = without_confirmations(store.counts({.scenario = scenario}));
  std::erase_if(trials, [&](const TrialCounts& trial) {
    return !std::ranges::all_of(wanted,
                                [&](const Wanted& one) { return one.holds(*trial.conditions); });
  });
  if (trials.empty())
    throw base::user_error("no trial in store '" + store.path() + "' has " + word,
                           "lab results show latest --format json shows a trial's conditions");
  return trials;
}

}  // namespace

std::string scenario_file(const std::string& word) {
  std::error_code none;
  const bool is_folder = fs::is_directory(word, none);
  if (fs::exists(word, none) && !is_folder) return word;
  const fs::path folder = base::find_folders(base::FolderUse::read).share / "scenarios";
  const std::string name = word.ends_with(".yaml") ? word.substr(0, word.size() - 5) : word;
  const std::vector<std::string> names = names_in(folder);
  if (std::ranges::find(names, name) != names.end()) return folder / (name + ".yaml");
  if (is_folder) throw base::user_error("scenario '" + word + "' is a folder", "name a file in it");
  const std::string last = fs::path(name).filename();
  throw base::user_error(
      "no scenario '" + word + "': no such file, and '" + folder.string() +
          "' has none of that name" +
          base::did_you_mean(last, std::vector<std::string_view>(names.begin(), names.end())),
      "name a file, or one that comes with lab: ls " + folder.string());
}

scenario::Wanted trials_named(const std::string& filter) {
  if (filter.empty()) return {};
  std::optional<base::Pattern> pattern;
  try {
    pattern.emplace(filter);
  } catch (const base::Error&) {
    // The filter is no regex, so it is only a name.
  }
  return [filter, pattern](const std::string& name) {
    return name == filter || (pattern && pattern->find(name) != std::string::npos);
  };
}

scenario::Wanted trials_meant(const std::string& filter, const std::vector<std::string>& names) {
  if (std::ranges::find(names, filter) == names.end()) return trials_named(filter);
  return [filter](const std::string& name) { return name == filter; };
}

std::vector<TrialCounts> without_confirmations(std::vector<TrialCounts> trials) {
  std::erase_if(trials,
                [](const TrialCounts& trial) { return record::is_confirmation(trial.run); });
  return trials;
}

std::optional<std::string> named_run(const store::Store& store, const std::string& word,
                                     const std::string& scenario) {
  const std::string latest = "latest";
  if (!word.starts_with(latest)) return std::nullopt;
  std::size_t back = 0;
  if (word.size() > latest.size()) {
    const auto number = base::parse_number<std::size_t>(word.substr(latest.size() + 1));
    if (word[latest.size()] != '~' || !number) return std::nullopt;
    back = *number;
  }
  std::vector<record::RunInfo> runs = store.runs(scenario);
  std::erase_if(runs, [](const auto& run) { return record::is_confirmation(run.run); });
  if (back >= runs.size())
    throw base::user_error(fmt::format("'{}': store '{}' has {}{}", word, store.path(),
                                       base::counted(runs.size(), "run"),
                                       scenario.empty() ? "" : " of scenario " + scenario));
  return runs[runs.size() - 1 - back].run;
}

std::vector<TrialCounts> select_run(const store::Store& store, const std::string& word,
                                    const std::string& scenario) {
  if (word.empty())
    throw base::user_error("an empty word names no run", "latest, latest~1, or a run's id");
  const auto run = named_run(store, word, scenario);
  std::vector<TrialCounts> trials;
  try {
    trials = store.counts({.scenario = scenario, .run = run.value_or(word)});
  } catch (const base::Error& error) {
    if (run || error.kind() != base::ErrorKind::user) throw;
    trials = store.counts({.scenario = scenario, .ids = {word}});
  }
  if (trials.empty())
    throw base::user_error("'" + word + "' has no trial of scenario " + scenario,
                           "lab results list --scenario " + scenario);
  return trials;
}

std::vector<check::Cell> gather(const std::vector<TrialCounts>& trials) {
  check::Gathered gathered = check::gather(trials);
  constexpr std::size_t shown = 5;
  for (const std::string& line :
       std::span(gathered.left_out).first(std::min(shown, gathered.left_out.size())))
    say("lab: left out: " + report::printable(line) + "\n");
  if (gathered.left_out.size() > shown)
    say(fmt::format("lab: left out: and {} more\n", gathered.left_out.size() - shown));
  return std::move(gathered.cells);
}

std::vector<TrialCounts> select_trials(const store::Store& store, const std::string& word,
                                       const std::string& scenario) {
  return word.find('=') != std::string::npos ? by_conditions(store, word, scenario)
                                             : select_run(store, word, scenario);
}

std::vector<record::Record> some_records(const store::Store& store, const check::Cell& cell) {
  constexpr std::size_t enough = 20;  // to report what changed
  std::vector<record::Record> records;
  const auto newest = std::span(cell.trials).last(std::min(enough, cell.trials.size()));
  for (auto trial = newest.rbegin(); trial != newest.rend(); ++trial)
    if (std::optional<record::Record> record = store.find(trial->id))
      records.push_back(std::move(*record));
  return records;
}

std::string find_store(const std::string& store_file, const std::string& word) {
  const bool is_store = std::filesystem::is_regular_file(word) && !is_json(word);
  return is_store ? word : store_path(store_file);
}

std::vector<check::Cell> select_cells(const std::string& store_file, const std::string& word,
                                      const std::string& scenario) {
  using store::Store;
  const bool is_file = std::filesystem::is_regular_file(word);
  if (is_file && is_json(word)) return cells_of_baseline(word);
  if (is_file)
    return gather(
        without_confirmations(Store(word, Store::Mode::read_only).counts({.scenario = scenario})));
  const Store store(store_path(store_file), Store::Mode::read_only);
  return gather(select_trials(store, word, scenario));
}

}  // namespace lab::cli
