// SPDX-License-Identifier: MIT
// Runs a night: runs and judges each scenario of the configuration, then writes the results. `lab
// help nightly` lists the files.
#pragma once

#include <functional>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/nightly/config.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::nightly {

struct Places {
  std::filesystem::path out;            // the artefacts' folder
  std::filesystem::path store;          // kept between nights; the alarms are in STORE.alarms
  std::filesystem::path work;           // a folder for temporary files
  std::filesystem::path boot_scenario;  // decides whether a site works
};

// Connects a night to the outside: to child processes of lab, or to a test's fakes.
struct World {
  // Runs lab with these words to its end; returns its exit code, or any other number where a signal
  // ended it.
  std::function<int(const Words&)> lab;
  std::function<bool()> stopped;                // whether the user asked to stop
  std::function<void(const std::string&)> say;  // a line for people
  std::string version;                          // "lab 0.1.0"
};

// Is the result of one scenario.
struct Result {
  std::string name;
  std::string run;                                    // its id; "" where there are no trials
  base::ExitCode ran = base::exit_interrupted;        // the run's
  std::optional<base::ExitCode> checked;              // the check's
  std::string unchecked = "no, it did not run";       // why there was none
  base::ExitCode exit_code = base::exit_interrupted;  // the worse one
  std::string since;  // since when there are more exits; "" for none
  std::string check;  // what `lab check` printed, as JSON; "" for none
  Words findings;     // the check's, a sentence each
};

// Is the result of the night.
struct Outcome {
  base::ExitCode exit_code = base::exit_interrupted;
  std::string version, site;
  Words not_working;  // sites that were tried and failed
  std::vector<Result> results;
  std::vector<record::Record> trials;  // without confirming trials
  std::string summary;                 // summary.md
};

std::string exit_code_text(base::ExitCode code);  // "the machinery failed"

// Contains the suites of these JUnit documents, and one suite with a test for each scenario.
std::string junit_text(const Outcome& outcome,
                       const std::vector<std::filesystem::path>& documents_of_runs);
std::string verdict_text(const Outcome& outcome);
std::string metrics_text(const Outcome& outcome);
std::string summary_text(const Outcome& outcome);

// Returns `lab run` and `lab check` of each scenario, as far as their words are known in advance.
std::vector<Words> commands(const Config& config, const Places& places);

// Runs the night; a failed scenario does not stop the others. Throws an error where the folders of
// `places` cannot be made.
Outcome run_night(const Config& config, const Places& places, const World& world);

}  // namespace lab::nightly
