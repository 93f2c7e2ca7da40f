// SPDX-License-Identifier: MIT
#include "orchestrator/check/simulation/power.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <random>

#include "orchestrator/check/planning.hpp"

namespace lab::check {
namespace {

constexpr double usual_exits = 20'000;
constexpr std::uint32_t first_number = 0x40;  // svm's exceptions begin here: each has a floor

class Maker {
 public:
  Maker(const Made& made, std::uint64_t seed) : made_(made), random_(seed) {}

  Cell baseline() {
    Cell cell = empty();
    for (std::size_t run = 0; run < made_.baseline_runs; ++run) {
      const double level = factor(made_.run_spread);
      const std::size_t until = made_.baseline * (run + 1) / made_.baseline_runs;
      while (cell.trials.size() < until) add(cell, fmt::format("before-{}", run), level, 0);
    }
    return cell;
  }

  // Makes trials of one run, which share its level.
  Cell trials(std::size_t count, double change, double level) {
    Cell cell = empty();
    while (cell.trials.size() < count) add(cell, "now", level, change);
    return cell;
  }

  double level() { return factor(made_.run_spread); }

 private:
  double factor(double spread) {
    return std::exp(
        std::normal_distribution<double>(0, std::sqrt(std::log1p(spread * spread)))(random_));
  }

  Cell empty() const {
    Cell cell{.scenario = "made", .name = "made", .conditions = {{"vendor", "svm"}}};
    cell.steps = {{.step = "boot"}};
    return cell;
  }

  void add(Cell& cell, const std::string& run, double level, double change) {
    const auto number = static_cast<std::uint32_t>(cell.trials.size() + 1);
    cell.trials.push_back({fmt::format("{}-{}", run, number), run, number});
    const bool changes =
        std::uniform_real_distribution<double>(0, 1)(random_) < made_.share_of_trials;
    std::uint64_t total = 0;
    for (std::uint32_t i = 0; i < made_.reasons; ++i) {
      const double more = i == 0 && changes ? 1 + change : 1;
      const double of_run = made_.run_reasons == 0 || i < made_.run_reasons ? level : 1;
      const auto exits = static_cast<std::uint64_t>(
          std::llround(usual_exits * of_run * more * factor(made_.spread)));
      cell.steps[0].reasons[first_number + i].push_back(exits);
      total += exits;
    }
    cell.steps[0].total.push_back(total);
  }

  const Made& made_;
  std::mt19937_64 random_;
};

}  // namespace

Rates power(const Made& made, std::size_t times, const GateOptions& options, std::uint64_t seed) {
  Rates rates;
  Maker maker(made, seed);
  while (rates.times < times) {
    const Cell a = maker.baseline();
    const std::size_t trials =
        made.trials > 0 ? made.trials
                        : trials_for(a.scenario, {a}, "", options).value_or(fewest_new_trials);
    const Cell b = maker.trials(trials, made.change, maker.level());
    // Both sides are tried in turn, so that they share the hour.
    const double tonight = maker.level();
    const auto again = [&](std::size_t count) {
      Cell now = maker.trials(count, made.change, tonight);
      return Again{maker.trials(count, 0, tonight), std::move(now)};
    };
    try_check(a, b, again, options, rates);
  }
  return rates;
}

}  // namespace lab::check
