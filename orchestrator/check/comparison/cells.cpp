// SPDX-License-Identifier: MIT
#include "orchestrator/check/comparison/cells.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::check {
namespace {

using record::TrialCounts;
using StepKey = std::pair<std::string, std::uint32_t>;
using Trials = std::vector<const TrialCounts*>;
using Names = std::set<std::string, std::less<>>;

std::vector<StepKey> list_steps(const TrialCounts& trial) {
  std::vector<StepKey> keys;
  for (const record::StepCounts& step : trial.steps) keys.emplace_back(step.step, step.guest);
  return keys;
}

// Returns the steps that most of the trials have.
std::vector<StepKey> usual_steps(const Trials& trials) {
  std::map<std::vector<StepKey>, std::size_t> times;
  for (const TrialCounts* trial : trials) ++times[list_steps(*trial)];
  return std::ranges::max_element(times, {},
                                  &std::pair<const std::vector<StepKey>, std::size_t>::second)
      ->first;
}

// Adds a trial's values to the columns; a reason that is new had 0 exits in the trials before.
void add(CountsByReason& columns, std::size_t trials_before,
         const std::vector<std::pair<std::uint32_t, std::uint64_t>>& values) {
  for (const auto& [number, exits] : values) {
    Counts& column = columns[number];
    column.resize(trials_before);
    column.push_back(exits);
  }
  for (auto& [number, column] : columns) column.resize(trials_before + 1);
}

std::vector<StepSamples> step_samples(const Trials& trials, const std::vector<StepKey>& keys) {
  std::vector<StepSamples> steps;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    StepSamples step{.step = keys[i].first, .guest = keys[i].second};
    for (const TrialCounts* trial : trials) {
      add(step.reasons, step.total.size(), trial->steps[i].reasons);
      step.total.push_back(trial->steps[i].exits);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<PhaseSamples> phase_samples(const Trials& trials) {
  std::vector<PhaseSamples> phases;
  for (const record::PhaseCounts& first : trials.front()->phases) {
    PhaseSamples phase{.phase = first.phase};
    std::size_t found = 0;
    for (const TrialCounts* trial : trials) {
      const auto same = std::ranges::find(trial->phases, first.phase, &record::PhaseCounts::phase);
      if (same == trial->phases.end()) break;
      add(phase.reasons, found++, same->reasons);
    }
    if (found == trials.size()) phases.push_back(std::move(phase));
  }
  return phases;
}

Cell make_cell(const Trials& trials, const std::vector<StepKey>& keys) {
  const TrialCounts& first = *trials.front();
  Cell cell{.scenario = first.scenario,
            .name = std::string(record::cell_name(first.trial)),
            .conditions = *first.conditions};
  for (const TrialCounts* trial : trials)
    cell.trials.push_back({trial->id, trial->run, trial->repeat});
  cell.steps = step_samples(trials, keys);
  cell.phases = phase_samples(trials);
  return cell;
}

std::string left_out(const TrialCounts& trial, std::string_view why) {
  return fmt::format("{} ({}): {}", trial.trial, trial.id, why);
}

bool same_cell(const TrialCounts& a, const TrialCounts& b) {
  return a.scenario == b.scenario && record::cell_name(a.trial) == record::cell_name(b.trial) &&
         (a.conditions == b.conditions || *a.conditions == *b.conditions);
}

// Recognizes conditions that are long lists of words, of which only the differing words are shown.
bool is_list(const std::string& key) {
  namespace c = record::condition;
  return key == c::cpu_flags || key == c::kvm_parameters || key == c::module_parameters;
}

// Returns "npt" for "npt=1".
std::string_view name_in(std::string_view word) {
  return word.substr(0, word.find('='));
}

std::set<std::string_view> word_set(std::string_view text) {
  const auto words = base::split_words(text);
  return {words.begin(), words.end()};
}

// Returns the words of `of` that are not in `others`, except those whose names are in `set`.
std::string words_beyond(const std::string& of, const std::string& others, const Names& set) {
  const std::set<std::string_view> known = word_set(others);
  std::vector<std::string> words;
  for (const std::string_view word : word_set(of))
    if (!known.contains(word) && !set.contains(name_in(word))) words.emplace_back(word);
  return base::joined(words);
}

// Returns the names of the parameters that lab set on either side: module_parameters shows them.
Names set_by_lab(const record::Conditions& a, const record::Conditions& b) {
  Names names;
  for (const record::Conditions* side : {&a, &b}) {
    const std::string text = record::find_condition(*side, record::condition::module_parameters);
    for (const std::string_view word : base::split_words(text)) names.emplace(name_in(word));
  }
  return names;
}

}  // namespace

Gathered gather(std::span<const TrialCounts> trials) {
  Gathered gathered;
  std::vector<Trials> groups;
  for (const TrialCounts& trial : trials) {
    if (trial.outcome != record::Outcome::passed) {
      gathered.left_out.push_back(left_out(trial, to_string(trial.outcome)));
      continue;
    }
    const auto group = std::ranges::find_if(
        groups, [&](const Trials& others) { return same_cell(*others.front(), trial); });
    (group != groups.end() ? *group : groups.emplace_back()).push_back(&trial);
  }
  for (Trials& group : groups) {
    const std::vector<StepKey> keys = usual_steps(group);
    std::erase_if(group, [&](const TrialCounts* trial) {
      if (list_steps(*trial) == keys) return false;
      gathered.left_out.push_back(left_out(*trial, "other steps than most trials of its cell"));
      return true;
    });
    gathered.cells.push_back(make_cell(group, keys));
  }
  return gathered;
}

Cell slice(const Cell& cell, std::span<const std::size_t> trials) {
  const auto pick = [&](const auto& all) {
    std::remove_cvref_t<decltype(all)> some;
    for (const std::size_t i : trials) some.push_back(all[i]);
    return some;
  };
  const auto pick_each = [&](CountsByReason reasons) {
    for (auto& [number, column] : reasons) column = pick(column);
    return reasons;
  };
  Cell part = cell;
  part.trials = pick(cell.trials);
  for (StepSamples& step : part.steps)
    step = {step.step, step.guest, pick(step.total), pick_each(step.reasons)};
  for (PhaseSamples& phase : part.phases) phase = {phase.phase, pick_each(phase.reasons)};
  return part;
}

std::vector<std::string> run_ids(const Cell& cell) {
  std::vector<std::string> runs;
  for (const Trial& trial : cell.trials)
    if (std::ranges::find(runs, trial.run) == runs.end()) runs.push_back(trial.run);
  return runs;
}

Cell select_run(const Cell& cell, const std::string& run, bool others) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < cell.trials.size(); ++i)
    if ((cell.trials[i].run == run) != others) chosen.push_back(i);
  return slice(cell, chosen);
}

base::Samples to_samples(const Counts& counts) {
  return base::Samples(std::vector<double>(counts.begin(), counts.end()));
}

std::vector<std::vector<double>> by_run(const Cell& cell, const Counts& counts) {
  std::vector<std::vector<double>> values;
  for (const std::string& run : run_ids(cell)) {
    std::vector<double>& of_run = values.emplace_back();
    for (std::size_t i = 0; i < counts.size(); ++i)
      if (cell.trials[i].run == run) of_run.push_back(static_cast<double>(counts[i]));
  }
  return values;
}

exits::Vendor known_vendor(const Cell& cell) {
  const auto known = record::recorded_vendor(cell.conditions);
  if (!known) throw base::user_error("the trials of " + cell.name + " do not say their vendor");
  return *known;
}

std::vector<Difference> differences(const record::Conditions& a, const record::Conditions& b) {
  std::vector<std::string> keys;
  for (const std::string_view key : record::condition_order()) keys.emplace_back(key);
  for (const record::Conditions* side : {&a, &b})
    for (const auto& [key, value] : *side)
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  std::vector<Difference> found;
  const Names set = set_by_lab(a, b);
  for (const std::string& key : keys) {
    const std::string one = record::find_condition(a, key), other = record::find_condition(b, key);
    Difference difference{key, one, other};
    if (is_list(key) && !one.empty() && !other.empty()) {
      const Names aside = key == record::condition::kvm_parameters ? set : Names();
      difference = {key, words_beyond(one, other, aside), words_beyond(other, one, aside)};
    }
    if (difference.a != difference.b) found.push_back(std::move(difference));
  }
  return found;
}

}  // namespace lab::check
