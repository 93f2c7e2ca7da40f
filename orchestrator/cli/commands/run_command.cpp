// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "orchestrator/base/text/pattern.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"
#include "orchestrator/record/counts.hpp"
#include "orchestrator/record/expectations.hpp"

namespace lab::cli {
namespace {

struct RunCommandOptions {
  std::vector<std::string> scenarios;
  std::string filter, format = "table", output;
  std::string resume, shard;
  bool dry_run = false;
  TrialOptions trials;
};

void choose(std::vector<scenario::TrialPlan>& plans, const std::string& filter) {
  if (filter.empty()) return;
  // A name contains brackets, which mean something else in a regex.
  const auto has_name = [&](const auto& plan) { return plan.name == filter; };
  if (std::ranges::any_of(plans, has_name)) {
    std::erase_if(plans, std::not_fn(has_name));
    return;
  }
  try {
    const base::Pattern wanted(filter);
    std::erase_if(plans,
                  [&](const auto& plan) { return wanted.find(plan.name) == std::string::npos; });
  } catch (const base::Error& error) {
    throw base::user_error("-f '" + filter + "': " + error.what());
  }
  if (plans.empty())
    throw base::user_error("-f '" + filter + "' matches no trial",
                           "lab run --dry-run lists their names");
}

// A relation whose cells the filter left out is neither checked nor judged, as with --set.
void drop_relations_without_trials(scenario::Scenario& scenario,
                                   const std::vector<scenario::TrialPlan>& plans) {
  const auto any_in = [&](const scenario::Cell& part) {
    return std::ranges::any_of(plans, [&](const scenario::TrialPlan& plan) {
      return plan.scenario == scenario.name && scenario::matches(part, plan.cell);
    });
  };
  std::erase_if(scenario.relations, [&](const scenario::Relation& relation) {
    return !any_in(relation.of) || !any_in(relation.to);
  });
}

base::ExitCode exit_code_of_result(const record::RelationResult& relation) {
  if (!relation.ok) return base::exit_no_data;
  return *relation.ok ? base::exit_ok : base::exit_regression;
}

base::ExitCode worst_code(const auto& results, base::ExitCode worst = base::exit_ok) {
  for (const auto& result : results) worst = worse(exit_code_of_result(result), worst);
  return worst;
}

// Returns the whole id of the run to resume; "" for a new one.
std::string run_to_resume(const RunCommandOptions& options) {
  if (options.resume.empty()) return "";
  const store::Store store(store_path(options.trials.store), store::Store::Mode::read_only);
  const auto rows = store.rows({.limit = 1, .run = options.resume});
  if (rows.empty()) throw base::user_error("--resume '" + options.resume + "': no such run");
  return rows.front().run;
}

// Keeps the trials of every N-th cell: those of a cell stay together.
void keep_shard(std::vector<scenario::TrialPlan>& plans, const std::string& shard) {
  if (shard.empty()) return;
  const std::vector<std::string> parts = base::Pattern("([0-9]{1,4})/([0-9]{1,4})").groups(shard);
  const unsigned long number = parts.empty() ? 0 : std::stoul(parts[1]),
                      of = parts.empty() ? 0 : std::stoul(parts[2]);
  if (number < 1 || number > of)
    throw base::user_error("--shard '" + shard + "': K/N with 1 <= K <= N, up to 9999",
                           "--shard 3/8 runs the third of eight parts");
  std::size_t cells = 0;
  std::string_view cell;
  std::vector<scenario::TrialPlan> kept;
  for (const scenario::TrialPlan& plan : plans) {
    if (cells == 0 || record::cell_name(plan.name) != cell) ++cells;
    cell = record::cell_name(plan.name);
    if ((cells - 1) % of == number - 1) kept.push_back(plan);
  }
  plans = std::move(kept);
  if (plans.empty())
    throw base::user_error(
        "--shard " + shard + ": there are only " + std::to_string(cells) + " cells of trials",
        "fewer shards, up to one a cell");
}

// Runs the plans. Prints each record's part of the table format as soon as it is there.
class Runner {
 public:
  Runner(const RunCommandOptions& options, std::vector<scenario::Scenario> scenarios,
         std::vector<scenario::TrialPlan> plans)
      : options_(options),
        scenarios_(std::move(scenarios)),
        format_(wanted_format(options.format)),
        trials_(std::move(plans), options.trials, run_to_resume(options)) {
    // Relations and other formats need the records again at the end.
    const bool relations = std::ranges::any_of(
        scenarios_, [](const scenario::Scenario& one) { return !one.relations.empty(); });
    if (streaming() && !relations) trials_.forget_shown();
    if (options.resume.empty()) return;
    const store::Store store(store_path(options.trials.store), store::Store::Mode::read_only);
    trials_.resume(store.list({.run = options.resume}));
  }

  int run() {
    try {
      trials_.run([this](const auto& records) {
        if (streaming()) print(records);
      });
    } catch (...) {
      finish(false);  // print the records so far
      throw;
    }
    return finish(true);
  }

 private:
  bool streaming() const { return format_ == report::Format::table && options_.output.empty(); }

  // Prints the rest; judges relations where all trials have run.
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
    return worst_code(relations, trials_.exit_code());
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
  options.trials.wanted = trials_named(options.filter);
  std::vector<scenario::Scenario> scenarios = load_scenarios(options.scenarios, options.trials);
  decide_repeat(scenarios, options.trials);
  std::vector<scenario::TrialPlan> plans = make_plans(scenarios, options.trials);
  choose(plans, options.filter);
  keep_shard(plans, options.shard);
  for (scenario::Scenario& scenario : scenarios) {
    if (!options.filter.empty() || !options.shard.empty())
      drop_relations_without_trials(scenario, plans);
    std::ranges::copy(scenario.relations, std::back_inserter(options.trials.run.relations));
  }
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
  command.add_option("-f,--filter", options->filter, filter_help);
  command.add_flag("--dry-run", options->dry_run, "Only list the trials");
  command.add_flag("--fail-fast", options->trials.fail_fast,
                   "Begin no further trial once one has not passed");
  command.add_option("--resume", options->resume,
                     "RUN: go on with it, running only what has no record");
  command.add_option("--shard", options->shard, "K/N: only the K-th of N parts of the cells");
  add_format_options(command, options->format, options->output);
  command.runs([options] { return run_scenarios(*options); });
}

}  // namespace lab::cli
