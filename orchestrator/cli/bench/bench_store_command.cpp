// SPDX-License-Identifier: MIT
// Measures how long a large store's commands take and the memory they need. Each command starts as
// a user starts it, on generated records.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/store/generated.hpp"
#include "orchestrator/store/store.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::size_t batch = 1000;  // records of one transaction

struct StoreBenchOptions {
  std::size_t trials = 100'000, reasons = 60;
  std::string store, format = "table", output;
};

struct StoreRow {
  std::string command;
  double seconds = 0, mebibytes = 0;  // its peak memory
};

struct StoreResults {
  std::size_t trials = 0, runs = 0;
  std::uintmax_t bytes = 0;
  std::optional<double> making;  // seconds; absent where the store was there
  std::vector<StoreRow> rows;
};

// Returns the commands to measure, as words after `lab`. {store} is the store's file; `scenario`
// has a twentieth of the trials; `runs` are its own, newest last; `file` is a scenario of its name,
// whose baseline the first `baseline accept` writes.
std::vector<std::vector<std::string>> commands(const std::string& scenario,
                                               const std::vector<std::string>& runs,
                                               const std::string& file) {
  const std::string &run = runs.back(), &before = runs[runs.size() - 2];
  return {
      {"results", "--store", "{store}", "list"},
      {"results", "--store", "{store}", "list", "--scenario", scenario},
      {"results", "--store", "{store}", "list", "--run", run},
      {"results", "--store", "{store}", "show", "latest"},
      {"results", "--store", "{store}", "export", "--scenario", scenario},
      {"compare", before, run, "--store", "{store}"},
      {"compare", "console=quiet", "console=quiet", "--scenario", scenario, "--store", "{store}"},
      {"report", "--history", "-o", "/dev/null", "--store", "{store}"},
      {"baseline", "accept", file, runs.front(), before, "--reason", "x", "--anyway", "--store",
       "{store}"},
      {"check", file, "--stored", run, "--no-confirm", "--store", "{store}"},
  };
}

// Does not use base::run(): only wait4() reports the memory of one child.
class Child {
 public:
  explicit Child(std::vector<std::string> words, const fs::path& errors) : errors_(errors) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors_.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int error = ::posix_spawn(&pid_, "/proc/self/exe", &files, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0) throw base::errno_error("start", "/proc/self/exe", error);
  }

  // Waits for its end, and returns the most memory that it had, in MiB.
  double wait() const {
    int status = 0;
    rusage usage{};
    while (::wait4(pid_, &status, 0, &usage) < 0)
      if (errno != EINTR) throw base::errno_error("wait for", "lab", errno);
    base::throw_if_interrupted();
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    // A regression, or too few trials to decide, is a result, too.
    if (code != base::exit_ok && code != base::exit_regression && code != base::exit_no_data)
      throw base::infrastructure_error("lab failed: " + base::read_file(errors_));
    return double(usage.ru_maxrss) / 1024;
  }

 private:
  fs::path errors_;
  pid_t pid_ = -1;
};

// Returns the command as it is printed: without the store, which is the same everywhere.
std::string command_text(const std::vector<std::string>& words) {
  std::string text = "lab";
  for (const std::string& word : words)
    if (word != "--store" && word != "{store}")
      text += " " + (word.starts_with('/') ? fs::path(word).filename().string() : word);
  return text;
}

StoreRow measure_store(const std::vector<std::string>& words, const std::string& store,
                       const fs::path& work) {
  std::vector<std::string> argv = {"lab"};
  for (const std::string& word : words) argv.push_back(word == "{store}" ? store : word);
  StoreRow row{.command = command_text(words)};
  const base::Stopwatch watch;
  row.mebibytes = Child(std::move(argv), work / "errors").wait();
  row.seconds = watch.seconds();
  return row;
}

// Makes one record at a time: this process's memory counts as its children's (getrusage(2)).
double make_store(const std::string& path, const StoreBenchOptions& options,
                  terminal::Progress& progress) {
  const base::Stopwatch watch;
  store::Store store(path);
  store::GeneratedRecords records(options.trials, options.reasons);
  for (std::size_t made = 0; made < options.trials;) {
    base::throw_if_interrupted();
    const std::size_t end = std::min(options.trials, made + batch);
    store.insert_all([&]() -> std::optional<record::Record> {
      if (made == end) return std::nullopt;
      ++made;
      return records.next();
    });
    progress.phase(fmt::format("{} of {} records generated", made, options.trials));
  }
  return watch.seconds();
}

// Returns the runs; refuses other than generated records, as its results do not apply to those.
std::vector<record::RunInfo> generated_runs(const std::string& path) {
  std::vector<record::RunInfo> runs = store::Store(path, store::Store::Mode::read_only).runs("");
  const auto generated = [](const record::RunInfo& run) {
    return run.scenarios.front().starts_with(store::GeneratedRecords::scenario_prefix);
  };
  if (runs.empty() || !std::ranges::all_of(runs, generated))
    throw base::user_error("store '" + path + "' is not of generated records",
                           "name a file that is not there yet: it is made");
  return runs;
}

std::vector<std::string> select_runs(const std::vector<record::RunInfo>& runs,
                                     const std::string& scenario) {
  std::vector<std::string> ids;
  for (const record::RunInfo& run : runs)
    if (run.scenarios.front() == scenario) ids.push_back(run.run);
  if (ids.size() < 3)
    throw base::user_error(
        fmt::format("scenario {} has {} runs: too few trials", scenario, ids.size()),
        "give --trials 3000 or more");
  return ids;
}

std::string write_scenario(const fs::path& folder, const std::string& name) {
  const fs::path file = folder / "generated.yaml";
  base::write_file(file, "version: 1\nname: " + name + "\nimage: tiny\nsteps: [{boot: }]\n");
  return file.string();
}

StoreResults measure_all(const StoreBenchOptions& options, terminal::Progress& progress) {
  const base::RunFolder work(base::find_folders());
  const std::string store =
      options.store.empty() ? (work.path() / "store.sqlite").string() : options.store;
  StoreResults results;
  if (!fs::exists(store)) results.making = make_store(store, options, progress);
  results.bytes = fs::file_size(store);
  const std::vector<record::RunInfo> runs = generated_runs(store);
  results.runs = runs.size();
  for (const record::RunInfo& run : runs) results.trials += run.trials;
  const std::string scenario = runs.back().scenarios.front();
  const std::string file = write_scenario(work.path(), scenario);
  for (const auto& words : commands(scenario, select_runs(runs, scenario), file)) {
    progress.phase(command_text(words));
    measure_store(words, store, work.path());  // not counted: the file comes into the page cache
    results.rows.push_back(measure_store(words, store, work.path()));
  }
  return results;
}

std::string store_table(const StoreResults& results, const StoreBenchOptions& options) {
  std::string text =
      fmt::format("generated records: {} trials of {} runs, {} reasons a boot, {:.0f} MiB",
                  results.trials, results.runs, options.reasons, double(results.bytes) / (1 << 20));
  if (results.making) text += fmt::format(", made in {:.1f} s", *results.making);
  const report::Columns columns({{report::on_right, 8, 0}, {report::on_right, 13, 1}, {}});
  text += "\n\n" + columns.line({"seconds", "MiB at most"}) + "\n";
  for (const StoreRow& row : results.rows)
    text += columns.line({fmt::format("{:.2f}", row.seconds), fmt::format("{:.0f}", row.mebibytes),
                          row.command}) +
            "\n";
  return text;
}

std::string store_json(const StoreResults& results, const StoreBenchOptions& options) {
  ordered_json document{{"schema", 1},
                        {"benchmark", "store"},
                        {"records", "generated"},
                        {"trials", results.trials},
                        {"reasons", options.reasons},
                        {"bytes", results.bytes}};
  if (results.making) document["making_seconds"] = *results.making;
  for (const StoreRow& row : results.rows)
    document["commands"].push_back(
        {{"command", row.command}, {"seconds", row.seconds}, {"mebibytes", row.mebibytes}});
  return base::dump_json(document, 1) + "\n";
}

int bench_store(const StoreBenchOptions& options) {
  terminal::Progress progress;
  const StoreResults results = measure_all(options, progress);
  progress.clear();
  write_output(options.output, options.format == "json" ? store_json(results, options)
                                                        : store_table(results, options));
  return base::exit_ok;
}

}  // namespace

void add_bench_store(const Command& bench) {
  const auto options = std::make_shared<StoreBenchOptions>();
  const Command command = bench.add_subcommand(
      "store", "Seconds and memory of commands on a large store of generated records (minutes)");
  command.add_number("--trials", options->trials, "Records", 1, 10'000'000);
  command.add_number("--reasons", options->reasons, "Exit reasons of each boot", 1, 150);
  command.add_option("--store", options->store,
                     "Keep it in this file, or measure the one that an earlier bench kept there");
  add_bench_output(command, options->format, options->output);
  command.runs([options] { return bench_store(*options); });
}

}  // namespace lab::cli
