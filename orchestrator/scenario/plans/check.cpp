// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/plans/draft.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace lab::scenario {
namespace {

constexpr std::uint64_t plans_limit = 1ull << 30;  // bytes of all plans together, about

std::chrono::seconds default_timeout(const Timeouts& timeouts, Step::Kind kind) {
  switch (kind) {
    case Step::Kind::boot:
    case Step::Kind::reboot:
      return timeouts.boot;
    case Step::Kind::shutdown:
      return timeouts.shutdown;
    default:
      return timeouts.step;
  }
}

std::string find_place(const Draft& draft, const std::string& key) {
  if (key.starts_with("steps.")) {
    std::size_t index = 0;
    std::from_chars(key.data() + 6, key.data() + key.size(), index);
    return draft.step_places.at(index);
  }
  const auto axis = draft.axis_places.find(key);
  if (axis != draft.axis_places.end()) return axis->second;
  const auto said = draft.said.find(key);
  return said == draft.said.end() ? draft.place : said->second.where;
}

[[noreturn]] void report(const Draft& draft, const Conflict& conflict, const std::string& cell) {
  const std::string where = cell == draft.scenario.name ? "" : " (in " + cell + ")";
  fail(find_place(draft, conflict.key), conflict.cause + where, conflict.remedy);
}

SaidText said_in(const Draft& draft, const Cell& cell) {
  return [&](std::string_view key) -> const std::string* {
    const auto pair = std::ranges::find(cell, key, &Cell::value_type::first);
    if (pair != cell.end()) return &pair->second;
    const auto said = draft.said.find(key);
    return said == draft.said.end() ? nullptr : &said->second.text;
  };
}

bool any_wanted(const Draft& draft, const Cell& cell) {
  return !draft.wanted || std::ranges::any_of(trial_names(draft.scenario, cell), draft.wanted);
}

// Returns the cells' settings; each must be free of contradictions where a trial of its cell is
// wanted.
std::vector<Settings> check_cells(Draft& draft, const std::vector<Cell>& cells,
                                  const std::vector<Step>& steps) {
  std::vector<Settings> all;
  all.reserve(cells.size());
  for (const Cell& cell : cells) {
    Settings settings = cell_settings(draft.scenario, cell);
    if (settings.image.empty()) {
      fail(draft.place, "scenario lacks the key 'image'", "add it, as in 'image: debian-12'");
    }
    if (const auto found = find_conflict(settings, steps, said_in(draft, cell))) {
      if (any_wanted(draft, cell)) report(draft, *found, cell_name(draft.scenario, cell));
      draft.scenario.left_out.insert(cell);
    }
    all.push_back(std::move(settings));
  }
  return all;
}

// Checks the included cells, which are last; returns false where it dropped one that --set made
// equal to another.
bool check_included(Draft& draft, const std::vector<Cell>& cells,
                    const std::vector<Settings>& settings) {
  const std::size_t first = cells.size() - draft.scenario.include.size();
  for (std::size_t i = first; i < cells.size(); ++i) {
    const auto end = settings.begin() + std::ptrdiff_t(i);
    const auto same = std::find(settings.begin(), end, settings[i]);
    if (same == end) continue;
    const std::size_t index = i - first;
    if (!draft.narrowed) {
      const Cell& earlier = cells[std::size_t(same - settings.begin())];
      fail(draft.include_places[index],
           fmt::format("matrix.include: this is {} again", cell_name(draft.scenario, earlier)),
           "for more trials of it, raise repeat");
    }
    draft.scenario.include.erase(draft.scenario.include.begin() + std::ptrdiff_t(index));
    draft.include_places.erase(draft.include_places.begin() + std::ptrdiff_t(index));
    return false;
  }
  return true;
}

void check_meant(const Draft& draft, const Cell& part, const std::vector<Cell>& cells,
                 const std::string& place, const std::string& what) {
  const auto means = [&](const Cell& cell) { return matches(part, cell); };
  if (part.empty() || draft.narrowed || std::ranges::any_of(cells, means)) return;
  fail(place, what + " means no cell of the matrix",
       "each of its values occurs, but never together");
}

bool means_any(const Cell& part, const std::vector<Cell>& cells) {
  return part.empty() ||
         std::ranges::any_of(cells, [&](const Cell& cell) { return matches(part, cell); });
}

void check_expected(Draft& draft, const std::vector<Cell>& cells) {
  Scenario& scenario = draft.scenario;
  for (std::size_t i = 0; i < scenario.expect.size(); ++i) {
    check_meant(draft, scenario.expect[i].where, cells, draft.expect_places[i], "where");
  }
  for (std::size_t i = 0; i < scenario.relations.size(); ++i) {
    check_meant(draft, scenario.relations[i].of, cells, draft.relation_places[i], "of");
    check_meant(draft, scenario.relations[i].to, cells, draft.relation_places[i], "to");
  }
  if (!draft.narrowed) return;
  std::erase_if(scenario.expect,
                [&](const Expectation& entry) { return !means_any(entry.where, cells); });
  std::erase_if(scenario.relations, [&](const Relation& entry) {
    return !means_any(entry.of, cells) || !means_any(entry.to, cells);
  });
}

void check_size(const Scenario& scenario, std::size_t cells) {
  std::uint64_t bytes = sizeof(TrialPlan) + scenario.expect.size() * sizeof(Expectation);
  for (const Step& step : scenario.steps) {
    bytes += sizeof(Step) + step.command.size() + step.input.size() + step.background.size();
  }
  if (bytes * cells * (scenario.repeat + scenario.warmup) <= plans_limit) return;
  fail(scenario.file, "the trials' steps would take more than 1 GiB",
       "lower repeat, shorten the commands or take values out of the matrix");
}

}  // namespace

std::vector<Step> steps_with_timeouts(const Scenario& scenario) {
  std::vector<Step> steps = scenario.steps;
  for (Step& step : steps) {
    if (step.timeout.count() == 0) step.timeout = default_timeout(scenario.timeouts, step.kind);
  }
  return steps;
}

void check(Draft& draft) {
  const std::vector<Step> steps = steps_with_timeouts(draft.scenario);
  if (const auto found = find_conflict(steps, draft.scenario.timeouts)) {
    report(draft, *found, draft.scenario.name);
  }
  std::vector<Cell> cells = make_cells(draft.scenario);
  if (cells.empty()) {
    fail(draft.place, "matrix.exclude leaves no cell to run", "exclude less, or include a cell");
  }
  while (!check_included(draft, cells, check_cells(draft, cells, steps))) {
    cells = make_cells(draft.scenario);
  }
  check_expected(draft, cells);
  check_size(draft.scenario, cells.size());
}

}  // namespace lab::scenario
