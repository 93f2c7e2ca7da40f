// SPDX-License-Identifier: MIT
// Runs the gate every night.
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/nightly/night.hpp"

namespace lab::cli {
namespace {

namespace fs = std::filesystem;

// A night sets this variable for each lab that it starts.
constexpr const char* night_mark = "LAB_NIGHTLY";

struct NightlyOptions {
  std::string config, sites, out = "build/nightly", store;
  std::vector<std::string> others;
};

// Receives the text that a night prints.
using Log = std::function<void(const std::string&)>;

// Starts a process for each run, check and page, so that one that crashes does not keep others from
// being run, judged and reported.
int run_child(const std::string& program, const nightly::Words& words, const Log& log) {
  base::Command command{.argv = {program},
                        .environment = {{night_mark, "1"}},
                        .limit = std::chrono::years(1),  // each trial has its own
                        .on_line = [&](const std::string& line) { log(line + "\n"); },
                        .cleans_up = true};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  const base::Outcome outcome = base::run(command);
  log(outcome.output);
  return outcome.exit_code;
}

// Returns whether the parsers of `lab run` and `lab check` take the words; prints their errors.
bool is_understood(const nightly::Words& words) {
  Parser parser("lab", "");
  add_run(parser.top());
  add_check(parser.top());
  std::vector<const char*> argv{"lab"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parser.parse(int(argv.size()), argv.data());
}

// Adds the summary to GitHub's page of the job.
void add_to_job_page(const std::string& summary) {
  const char* file = std::getenv("GITHUB_STEP_SUMMARY");
  if (file == nullptr || *file == '\0') return;
  std::ofstream page(file, std::ios::app);
  if (!(page << summary << std::flush)) throw base::errno_error("write", file, errno);
}

int run_nightly(const NightlyOptions& options, const std::string& program) {
  if (std::getenv(night_mark) != nullptr)
    throw base::user_error(fmt::format("{} is set: a night cannot start another one", night_mark),
                           fmt::format("unset {}", night_mark));
  const base::Folders folders = base::find_folders();
  const fs::path ci = folders.share / "ci";
  const nightly::Config config =
      nightly::read_config(options.config.empty() ? ci / "nightly.conf" : fs::path(options.config),
                           nightly::shell_words(options.sites), options.others);
  const base::TemporaryFolder work(fs::temp_directory_path(), "lab-nightly");
  const nightly::Places places{
      .out = options.out,
      .store = options.store.empty() ? folders.state / "nightly.sqlite" : fs::path(options.store),
      .work = work.path(),
      .boot_scenario = ci / "nightly-boot.yaml"};
  for (const nightly::Words& words : nightly::commands(config, places))
    if (!is_understood(words)) return base::exit_usage;
  if (program.empty()) throw base::infrastructure_error("no program to start: this is not lab");
  fs::create_directories(places.out);
  std::ofstream file(places.out / "log.txt");
  const Log log = [&](const std::string& text) {
    say(text);
    file << text << std::flush;
  };
  const nightly::Outcome night = nightly::run_night(
      config, places,
      {.lab = [&](const nightly::Words& words) { return run_child(program, words, log); },
       .stopped = base::interrupted,
       .say = [&](const std::string& text) { log("nightly: " + report::printable(text) + "\n"); },
       .version = "lab " + inside::version()});
  write_output("", night.summary);
  add_to_job_page(night.summary);
  return file ? night.exit_code : worse(night.exit_code, base::exit_infrastructure);
}

}  // namespace

void add_nightly(const Command& app, const std::string& program) {
  const auto options = std::make_shared<NightlyOptions>();
  const Command command = app.add_subcommand(
      "nightly",
      "Run the scenarios of a configuration, judge each by its baseline, and write what people and "
      "CI systems want to see; further options go to every run and check");
  command
      .add_option("--config", options->config,
                  "What is run (default: ci/nightly.conf beside lab's scenarios)")
      .last_counts();
  command.add_option("--on", options->sites, "Sites to try, in this order: 'auto kvm svm'")
      .last_counts();
  command.add_option("--out", options->out, "The artefacts' folder").shows_default().last_counts();
  command
      .add_option("--store", options->store,
                  "Lives on from night to night (default: nightly.sqlite in lab's state folder)")
      .last_counts();
  command.passes_on(options->others);
  command.runs([options, program] { return run_nightly(*options, program); });
}

}  // namespace lab::cli
