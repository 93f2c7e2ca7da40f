// SPDX-License-Identifier: MIT
#include "orchestrator/check/baseline.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/check/planning.hpp"

namespace lab::check {
namespace {

std::string difference_text(const Row& row) {
  return fmt::format("{}: {:.0f} exits, the others {:.0f}", row.subject(), row.b.median,
                     row.a.median);
}

// Returns what the gate would report on the run, if the others were the baseline.
std::string shown_by_gate(const Cell& run, const Cell& others, const GateOptions& options) {
  const Verdict verdict = judge({others}, {run}, options);
  for (const CellJudgement& cell : verdict.cells)
    for (const auto* findings : {&cell.regressions, &cell.improvements})
      if (!findings->empty()) return difference_text(findings->front().row);
  return "";
}

// Tests runs with too few trials for the gate's test by Student's, corrected for all rows alike.
std::string shown_by_student(const Cell& run, const Cell& others, const GateOptions& options) {
  const Comparison comparison = compare(others, run);
  std::vector<const Row*> rows;
  std::vector<double> p;
  for (const Row& row : comparison.rows) {
    const Floors& floors = scenario_floors(options, run.scenario);
    if (!row.p || !is_judged(row, floors, known_vendor(run))) continue;
    rows.push_back(&row);
    p.push_back(students_p(to_samples(row_counts(others, row)).values(),
                           to_samples(row_counts(run, row)).values()));
  }
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (corrected[i] < options.alpha && !rows[i]->is_like_another_run() &&
        matters(*rows[i], scenario_floors(options, run.scenario), known_vendor(run)))
      return difference_text(*rows[i]);
  return "";
}

// `options.alpha` applies to each run.
std::string oddity(const Cell& run, const Cell& others, const GateOptions& options) {
  const std::string odd = shown_by_gate(run, others, options);
  return odd.empty() ? shown_by_student(run, others, options) : odd;
}

}  // namespace

std::string baseline_file(const std::string& scenario_file) {
  return std::filesystem::path(scenario_file).replace_extension(".baseline.json").string();
}

Baseline read_baseline(const std::string& file) {
  if (!std::filesystem::exists(file))
    throw base::user_error(
        "no baseline '" + file + "'",
        "lab run the scenario (twice where counts vary), then lab baseline accept");
  std::string json;
  try {
    json = base::read_file(file);
  } catch (const base::Error& error) {
    throw base::user_error("baseline '" + file + "': " + error.what());
  }
  return baseline_from_json(json, file);
}

void write_baseline(const std::string& file, const Baseline& baseline) {
  base::write_file(std::filesystem::weakly_canonical(file), to_json(baseline));
}

std::string site_name(const Cell& cell) {
  return record::find_condition(cell.conditions, record::condition::site);
}

void accept(Baseline& baseline, Entry entry) {
  const auto same = std::ranges::find_if(baseline.entries, [&](const Entry& other) {
    return other.cell.name == entry.cell.name && site_name(other.cell) == site_name(entry.cell);
  });
  if (same == baseline.entries.end())
    baseline.entries.push_back(std::move(entry));
  else
    *same = std::move(entry);
}

std::vector<std::string> objections(const Cell& cell, const GateOptions& options) {
  const bool deterministic = record::is_deterministic(cell.conditions);
  const std::vector<std::string> runs = run_ids(cell);
  if (!deterministic && runs.size() < fewest_runs)
    return {fmt::format("{}: trials of {} run only: one odd run must not become the baseline",
                        cell.name, runs.size())};
  std::vector<std::string> found;
  if (deterministic) found = unsteady(cell);
  if (cell.trials.size() > most_trials)
    found.push_back(
        fmt::format("{}: {} trials; at most {}", cell.name, cell.trials.size(), most_trials));
  const std::size_t fewest = deterministic ? 1 : fewest_for_an_interval;
  if (cell.trials.size() < fewest)
    found.push_back(fmt::format("{}: {}; with fewer than {} no check could ever pass", cell.name,
                                base::counted(cell.trials.size(), "trial"), fewest));
  if (runs.size() < 2) return found;  // there is nothing to compare it with
  GateOptions each = options;         // shares one chance of a false refusal over two tests a run
  each.alpha /= static_cast<double>(2 * runs.size());
  for (const std::string& run : runs) {
    const std::string odd = oddity(select_run(cell, run), select_run(cell, run, true), each);
    if (!odd.empty()) found.push_back(fmt::format("{}: run {} is odd: {}", cell.name, run, odd));
  }
  return found;
}

}  // namespace lab::check
