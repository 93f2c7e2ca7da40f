// SPDX-License-Identifier: MIT
// From a scenario to its trials.
#include <spdlog/fmt/fmt.h>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/settings.hpp"

namespace lab::scenario {
namespace {

constexpr std::uint64_t trial_limit = 100000;

std::uint64_t count_cells(const Scenario& scenario) {
  std::uint64_t cells = 1;
  for (const Axis& axis : scenario.matrix) {
    cells *= axis.values.size();
    if (cells * scenario.repeat > trial_limit) {
      fail(scenario.file, "the matrix and repeat make more than 100,000 trials",
           "lower repeat or take values out of the matrix");
    }
  }
  return cells;
}

// The cell's number in mixed radix, the last axis running fastest.
Cell make_cell(const Scenario& scenario, std::uint64_t index) {
  Cell cell(scenario.matrix.size());
  for (std::size_t i = scenario.matrix.size(); i-- > 0;) {
    const Axis& axis = scenario.matrix[i];
    cell[i] = {axis.key, axis.values[index % axis.values.size()]};
    index /= axis.values.size();
  }
  return cell;
}

std::string cell_name(const Scenario& scenario, const Cell& cell) {
  std::string text;
  for (const auto& [key, value] : cell) {
    text += fmt::format("{}{}={}", text.empty() ? "[" : ",", key == "kvm.paging" ? "paging" : key,
                        value);
  }
  return scenario.name + text + (text.empty() ? "" : "]");
}

Settings cell_settings(const Scenario& scenario, const Cell& cell) {
  Settings settings = scenario.settings;
  for (const auto& [key, value] : cell) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.where = scenario.file;
    node.text = value;
    apply_setting(settings, key, node);
  }
  resolve_paging(settings, scenario.file + ": " + cell_name(scenario, cell));
  return settings;
}

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

std::vector<Step> steps_with_timeouts(const Scenario& scenario) {
  std::vector<Step> steps = scenario.steps;
  for (Step& step : steps) {
    if (step.timeout.count() != 0) continue;
    step.timeout = default_timeout(scenario.timeouts, step.kind);
  }
  return steps;
}

}  // namespace

std::vector<TrialPlan> expand(const Scenario& scenario) {
  const std::uint64_t cells = count_cells(scenario);
  const std::vector<Step> steps = steps_with_timeouts(scenario);
  std::vector<TrialPlan> plans;
  plans.reserve(cells * scenario.repeat);
  for (std::uint64_t index = 0; index < cells; ++index) {
    const Cell cell = make_cell(scenario, index);
    const Settings settings = cell_settings(scenario, cell);
    const std::string name = cell_name(scenario, cell);
    for (std::uint32_t repeat = 1; repeat <= scenario.repeat; ++repeat) {
      plans.push_back({.scenario = scenario.name,
                       .name = fmt::format("{}#{}", name, repeat),
                       .cell = cell,
                       .repeat = repeat,
                       .repeats = scenario.repeat,
                       .settings = settings,
                       .timeouts = scenario.timeouts,
                       .steps = steps,
                       .expect = scenario.expect});
    }
  }
  return plans;
}

}  // namespace lab::scenario
