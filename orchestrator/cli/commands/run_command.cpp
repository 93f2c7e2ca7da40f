// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <regex>

#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/scenario_file.hpp"
#include "orchestrator/cli/trial_runner.hpp"
#include "orchestrator/record/expectations.hpp"

namespace lab::cli {
namespace {

struct RunCommandOptions {
  std::vector<std::string> scenarios;
  std::string filter, format = "table", output;
  bool dry_run = false;
  TrialOptions trials;
};

void choose(std::vector<scenario::TrialPlan>& plans, const std::string& filter) {
  if (filter.empty()) return;
  // A name has brackets in it, which mean something else in a regex.
  const auto has_name = [&](const auto& plan) { return plan.name == filter; };
  if (std::ranges::any_of(plans, has_name)) {
    std::erase_if(plans, std::not_fn(has_name));
    return;
  }
  try {
    const std::regex wanted(filter);
    std::erase_if(plans, [&](const auto& plan) { return !std::regex_search(plan.name, wanted); });
  } catch (const std::regex_error& error) {
    throw base::user_error("-f '" + filter + "': " + error.what());
  }
  if (plans.empty())
    throw base::user_error("-f '" + filter + "' matches no trial",
                           "lab run --dry-run lists their names");
}

base::ExitCode exit_code_of_result(const record::RelationResult& relation) {
  if (!relation.ok) return base::exit_no_data;
  return *relation.ok ? base::exit_ok : base::exit_regression;
}

base::ExitCode worst_of(const auto& results, base::ExitCode worst = base::exit_ok) {
  for (const auto& result : results) worst = worse(exit_code_of_result(result), worst);
  return worst;
}

// Runs the plans; what the table format shows of each record is printed as soon as it is there.
class Runner {
 public:
  Runner(const RunCommandOptions& options, std::vector<scenario::Scenario> scenarios,
         std::vector<scenario::TrialPlan> plans)
      : options_(options),
        scenarios_(std::move(scenarios)),
        format_(wanted_format(options.format)),
        trials_(std::move(plans), options.trials) {}

  int run() {
    try {
      trials_.run([this](const auto& records) {
        if (streaming()) print(records);
      });
    } catch (...) {
      finish(false);  // what there is, is there
      throw;
    }
    return finish(true);
  }

 private:
  bool streaming() const { return format_ == report::Format::table && options_.output.empty(); }

  // Relations are judged where all trials have run.
  int finish(bool whole) {
    const std::vector<record::Record> records = trials_.records();
    std::vector<record::RelationResult> relations;
    if (whole)
      for (const scenario::Scenario& scenario : scenarios_)
        std::ranges::move(record::judge_relations(scenario, trials_.plans(), records),
                          std::back_inserter(relations));
    trials_.clear_progress();
    if (streaming()) {
      print(trials_.rest());
      write_output("", report::relations(relations, terminal::terminal_style()));
    } else {
      write_output(options_.output,
                   report::render(format_, records, style_for(options_.output), relations));
    }
    trials_.finish();
    return worst_of(relations, trials_.exit_code());
  }

  void print(const std::vector<const record::Record*>& records) const {
    for (const record::Record* record : records)
      write_output("", report::table(*record, terminal::terminal_style()));
  }

  const RunCommandOptions& options_;
  std::vector<scenario::Scenario> scenarios_;
  report::Format format_;
  TrialRunner trials_;
};

int run_scenarios(RunCommandOptions options) {
  std::vector<scenario::Scenario> scenarios;
  std::vector<scenario::TrialPlan> plans;
  for (const std::string& file : options.scenarios) {
    scenarios.push_back(load_scenario(file, options.trials));
    const scenario::Scenario& scenario = scenarios.back();
    std::ranges::copy(scenario.relations, std::back_inserter(options.trials.run.relations));
    std::ranges::move(plans_of(scenario, options.trials), std::back_inserter(plans));
  }
  choose(plans, options.filter);
  if (options.dry_run) {
    for (const scenario::TrialPlan& plan : plans) fmt::print("{}\n", plan.name);
    return base::exit_ok;
  }
  return Runner(options, std::move(scenarios), std::move(plans)).run();
}

}  // namespace

void add_run(const Command& app) {
  const auto options = std::make_shared<RunCommandOptions>();
  const Command command = app.add_subcommand("run", "Run scenarios and record their exits");
  command.add_option("scenario", options->scenarios, scenario_help).required();
  add_trial_options(command, options->trials);
  command
      .add_option("--repeat", options->trials.repeat,
                  "Trials of each cell, instead of the scenario's")
      .range(1, 10000);
  command.add_option("-f,--filter", options->filter,
                     "Only the trial of this name, or trials whose name matches this regex");
  command.add_flag("--dry-run", options->dry_run, "Only list the trials");
  command.add_flag("--fail-fast", options->trials.fail_fast,
                   "Begin no further trial once one has not passed");
  add_format_options(command, options->format, options->output);
  command.runs([options] { return run_scenarios(*options); });
}

}  // namespace lab::cli
