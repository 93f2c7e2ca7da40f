// SPDX-License-Identifier: MIT
#include "orchestrator/check/baseline.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::check {
namespace {

// Where a run's usual total lies beyond everything that the others saw: of too few trials for a
// test, yet odd.
std::string out_of_range(const Cell& run, const Cell& others) {
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const base::Samples own = samples_of(run.steps[i].total),
                        rest = samples_of(others.steps[i].total);
    const double slack = Floors().total * rest.median();
    if (own.median() > rest.most() + slack || own.median() < rest.least() - slack)
      return fmt::format("median {:.0f} exits of {}, the others' {:.0f} … {:.0f}", own.median(),
                         run.steps[i].step, rest.least(), rest.most());
  }
  return "";
}

std::string oddity(const Cell& run, const Cell& others, const GateOptions& options) {
  const Verdict verdict = judge({others}, {run}, options);
  for (const CellJudgement& cell : verdict.cells)
    for (const auto* findings : {&cell.regressions, &cell.improvements})
      if (!findings->empty())
        return fmt::format("{}: {:.0f} exits, the others {:.0f}", findings->front().row.subject(),
                           findings->front().row.b.median, findings->front().row.a.median);
  return out_of_range(run, others);
}

}  // namespace

std::string baseline_file(const std::string& scenario_file) {
  return std::filesystem::path(scenario_file).replace_extension(".baseline.json").string();
}

Baseline read_baseline(const std::string& file) {
  if (!std::filesystem::exists(file))
    throw base::user_error("no baseline '" + file + "'",
                           "run the scenario at least twice, then: lab baseline accept");
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

std::string site_of(const Cell& cell) {
  const auto site = cell.conditions.find(std::string(record::condition::site));
  return site == cell.conditions.end() ? "" : site->second;
}

void accept(Baseline& baseline, Entry entry) {
  const auto same = std::ranges::find_if(baseline.entries, [&](const Entry& other) {
    return other.cell.name == entry.cell.name && site_of(other.cell) == site_of(entry.cell);
  });
  if (same == baseline.entries.end())
    baseline.entries.push_back(std::move(entry));
  else
    *same = std::move(entry);
}

std::vector<std::string> objections(const Cell& cell, const GateOptions& options) {
  const std::vector<std::string> runs = runs_of(cell);
  if (runs.size() < fewest_runs)
    return {fmt::format("{}: trials of {} run only: one odd run must not become the baseline",
                        cell.name, runs.size())};
  std::vector<std::string> found;
  if (record::is_deterministic(cell.conditions)) found = unsteady(cell);
  if (cell.trials.size() > most_trials)
    found.push_back(
        fmt::format("{}: {} trials; at most {}", cell.name, cell.trials.size(), most_trials));
  const std::size_t fewest =
      record::is_deterministic(cell.conditions) ? 1 : trials_needed(options.alpha, 1);
  if (cell.trials.size() < fewest)
    found.push_back(fmt::format("{}: {} trials; with fewer than {} nothing could ever be shown",
                                cell.name, cell.trials.size(), fewest));
  for (const std::string& run : runs) {
    const std::string odd = oddity(part_of(cell, run), part_of(cell, run, true), options);
    if (!odd.empty()) found.push_back(fmt::format("{}: run {} is odd: {}", cell.name, run, odd));
  }
  return found;
}

}  // namespace lab::check
