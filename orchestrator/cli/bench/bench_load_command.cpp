// SPDX-License-Identifier: MIT
// Measures how long a scenario with a matrix of 10,000 cells takes to load, validate and expand.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/samples.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/scenario/example.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {
namespace {

using base::Samples;

struct LoadBenchOptions {
  std::vector<std::string> files;
  unsigned repeats = 5;
  std::string format = "table", output;
};

struct Result {
  std::string name;
  std::size_t trials = 0;
  Samples seconds;  // one a repeat
};

template <typename Load>
Result measure_load(const std::string& name, unsigned repeats, Load load) {
  Result result{.name = name};
  for (unsigned i = 0; i < repeats; ++i) {
    const base::Stopwatch watch;
    result.trials = scenario::expand(load()).size();
    result.seconds.add(watch.seconds());
  }
  return result;
}

std::string load_json(const std::vector<Result>& results) {
  nlohmann::ordered_json document{{"schema", 1}, {"benchmark", "load"}, {"unit", "seconds"}};
  for (const Result& result : results)
    document["scenarios"].push_back({{"name", result.name},
                                     {"trials", result.trials},
                                     {"median", result.seconds.median()},
                                     {"samples", result.seconds.values()}});
  return base::dump_json(document, 1) + "\n";
}

std::string load_table(const std::vector<Result>& results) {
  std::string text;
  for (const Result& result : results)
    text += fmt::format(
        "{}: {} trials loaded, validated and expanded in {:.3f} s (median of {}, {:.3f} … "
        "{:.3f})\n",
        report::printable(result.name), result.trials, result.seconds.median(),
        result.seconds.values().size(), result.seconds.least(), result.seconds.most());
  return text;
}

int bench_load(const LoadBenchOptions& options) {
  std::vector<Result> results;
  for (const std::string& file : options.files)
    results.push_back(measure_load(file, options.repeats, [&] { return scenario::load(file); }));
  if (results.empty()) {
    const std::string yaml = scenario::large_example();
    results.push_back(measure_load("10,000 cells", options.repeats,
                                   [&] { return scenario::parse(yaml, "10,000 cells"); }));
  }
  write_output(options.output, options.format == "json" ? load_json(results) : load_table(results));
  return base::exit_ok;
}

}  // namespace

void add_bench_load(const Command& bench) {
  const auto options = std::make_shared<LoadBenchOptions>();
  const Command command = bench.add_subcommand(
      "load", "Seconds to load, validate and expand a scenario of 10,000 cells");
  command.add_option("scenario", options->files, "These files instead");
  command.add_number("--repeats", options->repeats, "Runs", 1, 1000);
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench_load(*options); });
}

}  // namespace lab::cli
