// SPDX-License-Identifier: MIT
// Measures trials an hour by the number of lanes, and what a lane's start costs.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/samples.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/lane/pool/peer.hpp"
#include "orchestrator/lane/run.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

using base::Samples;

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::chrono::minutes lane_bench_limit{30};  // of one run and trial

// It is exact, as all trials that may run on any machine are.
constexpr const char* scenario_text = R"(version: 1
name: lanes
image: tiny
exact: true
steps:
  - boot: {until: reader}
)";

struct LanesBenchOptions {
  unsigned trials = 8, repeats = 5;
  std::vector<std::string> lanes{"1", "2"};
  std::string via, format = "table", output;
};

struct LanesThroughput {
  unsigned lanes = 1;
  double seconds = 0;
};

struct LanesResults {
  Samples start, end;  // seconds from the command to the greeting, and from no input to the end
  std::vector<LanesThroughput> throughput;
};

std::string lab() {
  return base::this_program().string();
}

std::string via_command(const LanesBenchOptions& options) {
  return options.via.empty() ? base::shell_quoted(lab()) + " lane" : options.via;
}

// Starts a lane that gets no work, and ends it.
void measure_start(const std::string& via, LanesResults& results) {
  const base::Stopwatch started;
  lane::Peer peer(
      {.argv = {"sh", "-c", lane::lane_command(via)}, .environment = {{"LAB_LANE", "1"}}},
      lane::this_lane());
  while (!peer.greeting()) {
    std::vector<pollfd> fds;
    peer.add_to(fds);
    base::throw_if_interrupted();
    ::poll(fds.data(), fds.size(), 100);
    peer.step([](const trial::Event& /*event*/) {});
  }
  results.start.add(started.seconds());
  const base::Stopwatch ending;
  while (!peer.ending()) base::sleep_interruptibly(0.002);
  results.end.add(ending.seconds());
}

double measure_run(const LanesBenchOptions& options, const fs::path& folder, unsigned lanes) {
  const base::Stopwatch watch;
  base::run_checked({.argv = {lab(), "run", (folder / "lanes.yaml").string(), "--on", "svm",
                              "--repeat", std::to_string(options.trials), "-j",
                              std::to_string(lanes), "--via", via_command(options),
                              "--no-known-trial", "--store", (folder / "store.sqlite").string()},
                     .limit = lane_bench_limit * (options.trials + 1)});
  return watch.seconds();
}

unsigned lanes_in(const std::string& word) {
  const auto lanes = base::parse_number<unsigned>(word);
  if (!lanes || word.size() > 4 || *lanes < 1 || *lanes > 4096)
    throw base::user_error("--lanes '" + word + "': numbers from 1 to 4096", "--lanes 1,2,4");
  return *lanes;
}

LanesResults measure_lanes(const LanesBenchOptions& options, terminal::Progress& progress) {
  std::vector<unsigned> numbers;
  for (const std::string& word : options.lanes) numbers.push_back(lanes_in(word));
  const base::RunFolder work(base::find_folders());
  base::write_file(work.path() / "lanes.yaml", scenario_text);
  LanesResults results;
  progress.phase("a lane's start and end");
  for (unsigned i = 0; i < options.repeats; ++i) measure_start(via_command(options), results);
  progress.phase("not measured: what later runs find made");
  base::run_checked({.argv = {lab(), "provide", (work.path() / "lanes.yaml").string(), "--on",
                              "svm", "--via", via_command(options)},
                     .limit = lane_bench_limit});
  for (const unsigned lanes : numbers) {
    progress.phase(fmt::format("{} by {}", base::counted(options.trials, "trial"),
                               base::counted(lanes, "lane")));
    results.throughput.push_back({lanes, measure_run(options, work.path(), lanes)});
  }
  progress.clear();
  return results;
}

double hourly(const LanesBenchOptions& options, const LanesThroughput& throughput) {
  return 3600 * options.trials / throughput.seconds;
}

std::string lanes_table(const LanesResults& results, const LanesBenchOptions& options) {
  const report::Columns columns({{.least = 34, .gap = 0}, {.gap = 0}});
  const auto line = [&](const char* what, const Samples& seconds) {
    return columns.line({what, fmt::format("{:.3f} s, {:.3f} … {:.3f}", seconds.median(),
                                           seconds.least(), seconds.most())}) +
           "\n";
  };
  std::string text = fmt::format("site svm (emulated), exact boots of tiny, {} processors\n\n",
                                 std::thread::hardware_concurrency());
  text += line("a lane, from command to greeting", results.start);
  text += line("a lane, from no input to its end", results.end);
  text += "\n";
  for (const LanesThroughput& throughput : results.throughput)
    text +=
        fmt::format("{}: {} in {:.1f} s, {:.0f} an hour, {:.2f} times the first\n",
                    base::counted(throughput.lanes, "lane"), base::counted(options.trials, "trial"),
                    throughput.seconds, hourly(options, throughput),
                    results.throughput.front().seconds / throughput.seconds);
  return text;
}

std::string lanes_json(const LanesResults& results, const LanesBenchOptions& options) {
  ordered_json document{{"schema", 1},
                        {"benchmark", "lanes"},
                        {"unit", "seconds"},
                        {"processors", std::thread::hardware_concurrency()},
                        {"start", results.start.values()},
                        {"end", results.end.values()}};
  for (const LanesThroughput& throughput : results.throughput)
    document["throughput"].push_back({{"lanes", throughput.lanes},
                                      {"trials", options.trials},
                                      {"seconds", throughput.seconds},
                                      {"an_hour", hourly(options, throughput)}});
  return base::dump_json(document, 1) + "\n";
}

int bench_lanes(const LanesBenchOptions& options) {
  terminal::Progress progress;
  const LanesResults results = measure_lanes(options, progress);
  write_output(options.output, options.format == "json" ? lanes_json(results, options)
                                                        : lanes_table(results, options));
  return base::exit_ok;
}

}  // namespace

void add_bench_lanes(const Command& bench) {
  const auto options = std::make_shared<LanesBenchOptions>();
  const Command command = bench.add_subcommand(
      "lanes", "Trials an hour by the number of lanes, and what a lane's start costs");
  command.add_option("--lanes", options->lanes, "Numbers of lanes")
      .comma_separated()
      .shows_default();
  command.add_option("--via", options->via, "Command that starts a lane, instead of one here");
  command.add_number("--trials", options->trials, "Trials of each number", 1, 10000);
  command.add_number("--repeats", options->repeats, "Starts of a lane", 1, 1000);
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench_lanes(*options); });
}

}  // namespace lab::cli
