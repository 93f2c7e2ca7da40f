// SPDX-License-Identifier: MIT
// A night: each scenario of the configuration is run and judged, and all that they came to is
// written. `lab help nightly` lists the files.
#pragma once

#include <functional>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/nightly/config.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::nightly {

struct Places {
  std::filesystem::path out;            // the artefacts' folder
  std::filesystem::path store;          // lives on; the alarms are beside it, in STORE.alarms
  std::filesystem::path work;           // a folder for what is in between
  std::filesystem::path boot_scenario;  // what tells whether a site works
};

// What the world outside does for a night: children of lab, or a test's fakes.
struct World {
  // Runs lab with these words to its end; returns its exit code, or any other number where a signal
  // ended it.
  std::function<int(const Words&)> lab;
  std::function<bool()> stopped;                // whether the user asked to stop
  std::function<void(const std::string&)> say;  // a line for people
  std::string version;                          // "lab 0.1.0"
};

// What a scenario came to.
struct Result {
  std::string name;
  std::string run;                                    // its id; "" where there are no trials
  base::ExitCode ran = base::exit_interrupted;        // of the run
  std::optional<base::ExitCode> checked;              // of the check
  std::string unchecked = "no, it did not run";       // why there was none
  base::ExitCode exit_code = base::exit_interrupted;  // the worse one
  std::string since;  // since when there are more exits; "" for none
  std::string check;  // what `lab check` printed, as JSON; "" for none
  Words findings;     // of the check, a sentence each
};

// What the night came to.
struct Outcome {
  base::ExitCode exit_code = base::exit_interrupted;
  std::string version, site;
  Words not_working;  // sites that were tried before
  std::vector<Result> results;
  std::vector<record::Record> trials;  // without those that confirmed something
  std::string summary;                 // summary.md
};

std::string exit_code_text(base::ExitCode code);  // "the machinery failed"

// With the suites of these JUnit documents, one of a test a scenario.
std::string junit_text(const Outcome& outcome,
                       const std::vector<std::filesystem::path>& documents_of_runs);
std::string verdict_text(const Outcome& outcome);
std::string metrics_text(const Outcome& outcome);
std::string summary_text(const Outcome& outcome);

// `lab run` and `lab check` of each scenario, as far as their words are known before the night.
std::vector<Words> commands(const Config& config, const Places& places);

// A scenario that fails keeps no other from being run, judged and reported. Error where the folders
// of `places` cannot be made.
Outcome run_night(const Config& config, const Places& places, const World& world);

}  // namespace lab::nightly
