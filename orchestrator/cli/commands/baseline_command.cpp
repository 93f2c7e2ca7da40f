// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/check/baseline.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/confirm.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {
namespace {

struct BaselineOptions {
  std::string scenario, file, store, reason, by, cell;
  std::vector<std::string> runs, set;
  bool anyway = false;
};

std::string target_file(const BaselineOptions& options) {
  return options.file.empty() ? check::baseline_file(scenario_file(options.scenario))
                              : options.file;
}

// Returns the name as git would sign it, else the account's name.
std::string whoever_this_is() {
  const auto git = [](const char* key) {
    try {
      std::string text = base::run({.argv = {"git", "config", key}}).output;
      text.erase(text.find_last_not_of('\n') + 1);
      return text;
    } catch (const base::Error&) {
      return std::string();
    }
  };
  const std::string name = git("user.name"), mail = git("user.email");
  if (!name.empty()) return mail.empty() ? name : name + " <" + mail + ">";
  const passwd* account = ::getpwuid(::getuid());
  return account ? account->pw_name : std::to_string(::getuid());
}

// Returns the plan by which the cell's trials ran: the newest one, as all must agree. Returns
// nullopt where the lab that recorded them kept none.
std::optional<scenario::TrialPlan> plan_of_trials(const store::Store& store,
                                                  const check::Cell& cell) {
  std::optional<scenario::TrialPlan> plan;
  std::string run;
  for (const std::string& one : check::run_ids(cell)) {
    const auto first = std::ranges::find(cell.trials, one, &check::Trial::run);
    const std::string text = store.show(first->id).plan;
    if (text.empty()) return std::nullopt;
    scenario::TrialPlan next =
        scenario::plan_from_object(base::parse_json<nlohmann::ordered_json>(text));
    if (plan && !is_same_work(*plan, next))
      throw base::user_error(
          fmt::format("runs {} and {} did other work in {}: its steps or settings differ", run, one,
                      cell.name),
          "accept runs of the same scenario");
    plan = std::move(next);
    run = one;
  }
  return plan;
}

// Returns the trials of all runs named, grouped by cell and conditions.
std::vector<check::Cell> baseline_cells(const BaselineOptions& options,
                                        const std::string& scenario) {
  const store::Store store(store_path(options.store), store::Store::Mode::read_only);
  std::vector<record::TrialCounts> trials;
  for (const std::string& word : options.runs)
    for (record::TrialCounts& trial : select_run(store, word, scenario))
      if (std::ranges::find(trials, trial.id, &record::TrialCounts::id) == trials.end())
        trials.push_back(std::move(trial));
  return gather(trials);
}

void check_conditions(const std::vector<check::Cell>& cells) {
  for (const check::Cell& cell : cells)
    for (const check::Cell& other : cells)
      if (&cell < &other && cell.name == other.name) {
        const auto differences = check::differences(cell.conditions, other.conditions);
        throw base::user_error(
            fmt::format("the runs have other conditions for {}: {}: '{}' and '{}'", cell.name,
                        differences.front().key, differences.front().a, differences.front().b),
            "accept runs of the same conditions");
      }
}

void check_objections(const BaselineOptions& options, const scenario::Scenario& scenario,
                      const std::vector<check::Cell>& cells) {
  const check::GateOptions gate{.floors = {{scenario.name, {.own = scenario.floors}}}};
  std::string all;
  for (const check::Cell& cell : cells)
    for (const std::string& objection : check::objections(cell, gate)) all += "\n  " + objection;
  if (all.empty()) return;
  if (!options.anyway)
    throw base::user_error("these trials should not become the baseline:" + all,
                           "name more or other runs; or --anyway");
  say("lab: warning: accepted in spite of:" + report::printable(all, true) + "\n");
}

int accept(const BaselineOptions& options) {
  const scenario::Scenario scenario = scenario::load(scenario_file(options.scenario), options.set);
  const std::string file = target_file(options);
  check::Baseline baseline{.scenario = scenario.name};
  if (std::filesystem::exists(file)) baseline = check::read_baseline(file);
  if (baseline.scenario != scenario.name)
    throw base::user_error("baseline '" + file + "' is of scenario " + baseline.scenario,
                           "name another file by --baseline");
  const std::vector<check::Cell> cells = baseline_cells(options, scenario.name);
  if (cells.empty()) throw base::user_error("no trial of these runs has passed");
  check_conditions(cells);
  check_objections(options, scenario, cells);
  const store::Store store(store_path(options.store), store::Store::Mode::read_only);
  const std::string by = options.by.empty() ? whoever_this_is() : options.by;
  const std::string now = record::format_time(std::chrono::system_clock::now());
  for (const check::Cell& cell : cells) {
    auto plan = plan_of_trials(store, cell);
    say(fmt::format("lab: accepted {}: {}{}\n", report::printable(cell.name),
                    base::counted(cell.trials.size(), "trial"),
                    plan ? "" : ", of an older lab, so that no check can run them again"));
    check::accept(
        baseline,
        {.by = by, .time = now, .reason = options.reason, .plan = std::move(plan), .cell = cell});
  }
  check::write_baseline(file, baseline);
  say("lab: wrote " + file + "\n");
  return base::exit_ok;
}

int show_baseline(const BaselineOptions& options) {
  write_output("", report::baseline_text(check::read_baseline(target_file(options)),
                                         terminal::terminal_style()));
  return base::exit_ok;
}

int reset(const BaselineOptions& options) {
  const std::string file = target_file(options);
  check::Baseline baseline = check::read_baseline(file);
  const std::size_t before = baseline.entries.size();
  std::erase_if(baseline.entries, [&](const check::Entry& entry) {
    return options.cell.empty() || entry.cell.name == options.cell;
  });
  if (baseline.entries.size() == before)
    throw base::user_error("baseline '" + file + "' has no cell '" + options.cell + "'",
                           "lab baseline show " + options.scenario);
  if (baseline.entries.empty())
    std::filesystem::remove(file);
  else
    check::write_baseline(file, baseline);
  say(fmt::format("lab: {} of {} removed from {}{}\n", before - baseline.entries.size(),
                  base::counted(before, "cell"), file,
                  baseline.entries.empty() ? ", and the file" : ""));
  return base::exit_ok;
}

Command add_subcommand_on_file(const Command& baseline, const char* name, const char* what,
                               const std::shared_ptr<BaselineOptions>& options) {
  const Command command = baseline.add_subcommand(name, what);
  command.add_option("scenario", options->scenario, "The scenario's file, or its name").required();
  command.add_option("--baseline", options->file, "The baseline's file (default: beside it)");
  return command;
}

}  // namespace

void add_baseline(const Command& app) {
  const auto options = std::make_shared<BaselineOptions>();
  const Command baseline = app.add_subcommand("baseline", "What counts as usual (for lab check)");
  baseline.require_subcommand();
  const Command show_command =
      add_subcommand_on_file(baseline, "show", "Who accepted what, and its totals", options);
  show_command.runs([options] { return show_baseline(*options); });

  const Command accept_command = add_subcommand_on_file(
      baseline, "accept", "Make the trials of several runs the baseline", options);
  accept_command
      .add_option("run", options->runs,
                  "'latest', 'latest~1', or their ids; at least two where counts vary")
      .required();
  accept_command.add_option("--reason", options->reason, "Why: kept in the file").required();
  accept_command.add_option("--by", options->by, "Who accepts it (default: git's user)");
  accept_command.add_option("--set", options->set, "KEY=VALUE, as the runs had it").one_word();
  accept_command.add_flag("--anyway", options->anyway, "Even one run, few trials, or odd ones");
  accept_command.add_option("--store", options->store, "The store's file");
  accept_command.runs([options] { return accept(*options); });

  const Command reset_command =
      add_subcommand_on_file(baseline, "reset", "Forget it, or one cell of it", options);
  reset_command.add_option("--cell", options->cell, "As in boot-count[paging=shadow]");
  reset_command.runs([options] { return reset(*options); });
}

}  // namespace lab::cli
