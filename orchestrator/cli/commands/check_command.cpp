// SPDX-License-Identifier: MIT
// Runs the gate: compares new trials, or stored ones, with the baseline that a person accepted.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/planning.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/confirm.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"
#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/run/doctor/probe.hpp"

namespace lab::cli {
namespace {

// Is the number of trials in which the history is searched for change points.
constexpr std::size_t history_trials = 2000;

struct CheckOptions {
  std::vector<std::string> scenarios, across;
  std::string baseline, stored, format = "table", output;
  bool no_confirm = false, bisect = false;
  double alpha = check::GateOptions().alpha;
  TrialOptions trials;
};

// Is a scenario to be checked.
struct Subject {
  scenario::Scenario scenario;
  check::Baseline baseline;
  std::vector<scenario::TrialPlan> plans;

  const check::Entry* entry(const std::string& cell, const std::string& site) const {
    const auto found = std::ranges::find_if(baseline.entries, [&](const check::Entry& entry) {
      return entry.cell.name == cell && check::site_name(entry.cell) == site;
    });
    return found == baseline.entries.end() ? nullptr : &*found;
  }

  const scenario::TrialPlan* plan(const std::string& cell) const {
    const auto found = std::ranges::find_if(plans, [&](const scenario::TrialPlan& plan) {
      return !plan.warmup && record::cell_name(plan.name) == cell;
    });
    return found == plans.end() ? nullptr : &*found;
  }
};

// Returns the scenarios that are named, else those with a baseline in ./scenarios.
std::vector<std::string> scenario_files(const CheckOptions& options) {
  if (!options.scenarios.empty()) return options.scenarios;
  std::vector<std::string> files;
  std::error_code error;
  const std::string_view ending = ".baseline.json";
  for (const auto& entry : std::filesystem::directory_iterator("scenarios", error)) {
    const std::string path = entry.path();
    if (!path.ends_with(ending)) continue;
    files.push_back(path.substr(0, path.size() - ending.size()) + ".yaml");
    if (!std::filesystem::exists(files.back()))
      throw base::user_error("baseline '" + path + "' has no scenario '" + files.back() + "'",
                             "name the scenarios, or remove it");
  }
  if (files.empty())
    throw base::user_error("no scenario named, and none with a baseline in ./scenarios",
                           "lab check SCENARIO, or first: lab baseline accept");
  std::ranges::sort(files);
  return files;
}

class Checker {
 public:
  explicit Checker(const CheckOptions& options) : options_(options) {
    gate_.alpha = options.alpha;
    gate_.across.insert(options.across.begin(), options.across.end());
    for (const std::string& file : scenario_files(options)) add(file);
  }

  int run() {
    const std::vector<check::Cell> trials =
        options_.stored.empty() ? new_trials() : stored_trials();
    check::Verdict verdict = check::judge(baseline_beside(trials), trials, gate_);
    if (!options_.no_confirm) confirm(verdict, trials);
    name_causes(verdict, trials);
    print(verdict);
    // A regression remains one, whatever else went wrong.
    if (verdict.judgement() == check::Judgement::regressed) return base::exit_regression;
    return worse(outcome_, exit_code(verdict.judgement()));
  }

 private:
  static base::ExitCode exit_code(check::Judgement judgement) {
    if (judgement == check::Judgement::passed) return base::exit_ok;
    return judgement == check::Judgement::regressed ? base::exit_regression : base::exit_no_data;
  }

  void add(const std::string& file) {
    Subject subject{.scenario = load_scenario(file, options_.trials)};
    subject.baseline =
        check::read_baseline(options_.baseline.empty() ? check::baseline_file(subject.scenario.file)
                                                       : options_.baseline);
    if (subject.baseline.scenario != subject.scenario.name)
      throw base::user_error(fmt::format("the baseline of '{}' is of scenario '{}', not '{}'", file,
                                         subject.baseline.scenario, subject.scenario.name));
    gate_.floors.push_back({subject.scenario.name, {.own = subject.scenario.floors}});
    subjects_.push_back(std::move(subject));
  }

  // Returns the site where the trials will run. Probes for it only where that matters: the baseline
  // has trials of several sites.
  std::string site_to_run_on() const {
    if (options_.trials.run.site != "auto") return options_.trials.run.site;
    std::set<std::string> sites;
    for (const check::Cell& cell : all_accepted()) sites.insert(check::site_name(cell));
    if (sites.size() == 1) return *sites.begin();
    const record::Site* chosen = run::choose_site().site;
    return chosen == nullptr ? "" : std::string(chosen->name);
  }

  // Plans as many trials as the whole check needs to show something, unless the user or the
  // scenario wants more. Plans none where they could show nothing.
  void plan() {
    const std::vector<check::Cell> baseline = all_accepted();
    const std::string site = site_to_run_on();
    for (Subject& subject : subjects_) {
      if (options_.trials.repeat == 0) {
        const auto needed = check::trials_for(subject.scenario.name, baseline, site, gate_);
        if (!needed)
          throw base::user_error("the baseline of " + subject.scenario.name +
                                     " has too few trials for any number of new ones to show a "
                                     "change",
                                 "accept one of more trials, or give --repeat");
        subject.scenario.repeat = std::max(subject.scenario.repeat, std::uint32_t(*needed));
      }
      subject.plans = make_plans(subject.scenario, options_.trials);
    }
  }

  std::vector<check::Cell> new_trials() {
    plan();
    std::vector<scenario::TrialPlan> plans;
    for (const Subject& subject : subjects_)
      std::ranges::copy(subject.plans, std::back_inserter(plans));
    TrialRunner runner(std::move(plans), options_.trials);
    run_all(runner);
    runner.finish();
    std::vector<record::TrialCounts> counts;
    for (const record::Record& record : runner.records())
      counts.push_back(record::to_counts(record));
    // A trial that did not pass is no sample, and keeps the check from passing; so does a record
    // that the store did not take.
    outcome_ = worse(outcome_, runner.exit_code());
    return gather(counts);
  }

  // Trials that the machinery failed to run are missing; those that did run are judged.
  void run_all(TrialRunner& runner) {
    try {
      runner.run();
    } catch (const base::Error& error) {
      const bool stops = error.kind() == base::ErrorKind::user ||
                         error.kind() == base::ErrorKind::interrupted || runner.records().empty();
      if (stops) throw;
      runner.clear_progress();
      say_error(error.what());
      outcome_ = worse(outcome_, base::exit_code(error.kind()));
    }
  }

  std::vector<check::Cell> stored_trials() {
    const store::Store store(store_path(options_.trials.store), store::Store::Mode::read_only);
    std::vector<record::TrialCounts> counts;
    for (Subject& subject : subjects_) {
      subject.plans = make_plans(subject.scenario, options_.trials);
      std::ranges::move(select_run(store, options_.stored, subject.scenario.name),
                        std::back_inserter(counts));
    }
    // A trial that did not pass is no sample, and keeps the check from passing.
    for (const record::TrialCounts& trial : counts)
      outcome_ = worse(outcome_, cli::exit_code(trial.outcome));
    return gather(counts);
  }

  // Returns the cells of all baselines, of whatever site.
  std::vector<check::Cell> all_accepted() const {
    std::vector<check::Cell> cells;
    for (const Subject& subject : subjects_)
      for (const check::Entry& entry : subject.baseline.entries) cells.push_back(entry.cell);
    return cells;
  }

  // Returns the cells of the sites on which the trials ran; all where there are no trials.
  std::vector<check::Cell> baseline_beside(const std::vector<check::Cell>& trials) const {
    std::vector<check::Cell> cells = all_accepted();
    if (trials.empty()) return cells;
    std::erase_if(cells, [&](const check::Cell& of_baseline) {
      return std::ranges::none_of(trials, [&](const check::Cell& cell) {
        return check::site_name(cell) == check::site_name(of_baseline);
      });
    });
    return cells;
  }

  // Contains what a judgement is about; null what is not there.
  struct Sides {
    const check::Cell* trials = nullptr;
    const check::Entry* baseline = nullptr;
    const scenario::TrialPlan* plan = nullptr;
  };

  Sides find_sides(const check::CellJudgement& judgement,
                   const std::vector<check::Cell>& trials) const {
    const auto cell = std::ranges::find(trials, judgement.comparison.b_name, &check::Cell::name);
    const auto subject = std::ranges::find_if(subjects_, [&](const Subject& one) {
      return one.scenario.name == judgement.comparison.scenario;
    });
    if (cell == trials.end() || subject == subjects_.end()) return {};
    return {&*cell, subject->entry(judgement.comparison.a_name, check::site_name(*cell)),
            subject->plan(cell->name)};
  }

  void confirm(check::Verdict& verdict, const std::vector<check::Cell>& trials) {
    for (check::CellJudgement& judgement : verdict.cells) {
      if (check::suspicions(judgement).empty()) continue;
      const Sides sides = find_sides(judgement, trials);
      if (sides.baseline && sides.plan)
        confirm(judgement, {judgement, *sides.baseline, *sides.trials, *sides.plan});
      else if (sides.trials)
        notes_.push_back("not tried again, as the scenario has no such cell: " +
                         sides.trials->name);
    }
  }

  void confirm(check::CellJudgement& judgement, const Suspicion& suspicion) {
    TrialOptions options = options_.trials;
    options.run.site = check::site_name(suspicion.baseline.cell);
    const ConfirmedOrNot result = cli::confirm(suspicion, gate_, options);
    const check::Confirmation& confirmation = result.confirmation;
    if (!result.all_stored) outcome_ = worse(outcome_, base::exit_infrastructure);
    for (const check::Finding& finding : confirmation.refuted)
      notes_.push_back(
          fmt::format("not confirmed by {}: {}", result.how, report::finding_text(finding)));
    for (const check::Finding& finding : confirmation.confirmed)
      notes_.push_back(
          fmt::format("confirmed by {}: {}", result.how, report::finding_text(finding)));
    check::settle(judgement, confirmation, result.same_on_both_sides);
    check::name_causes(judgement, result.causes_before, result.causes_now);
  }

  // Names the causes from both sides' trials in the store, as a baseline contains no causes.
  void name_causes(check::Verdict& verdict, const std::vector<check::Cell>& trials) const {
    const store::Store store(store_path(options_.trials.store), store::Store::Mode::read_only);
    for (check::CellJudgement& judgement : verdict.cells) {
      const Sides sides = find_sides(judgement, trials);
      if (sides.baseline && !has_no_finding(judgement))
        check::name_causes(judgement, some_records(store, sides.baseline->cell),
                           some_records(store, *sides.trials));
    }
  }

  static bool has_no_finding(const check::CellJudgement& judgement) {
    return judgement.regressions.empty() && judgement.improvements.empty() &&
           judgement.suspected.empty() && judgement.below_floor.empty();
  }

  std::vector<check::Change> changes() const {
    const store::Store store(store_path(options_.trials.store), store::Store::Mode::read_only);
    std::vector<check::Change> all;
    for (const Subject& subject : subjects_)
      std::ranges::move(check::changes_in(store.counts(
                            {.scenario = subject.scenario.name, .limit = history_trials})),
                        std::back_inserter(all));
    return all;
  }

  void print(const check::Verdict& verdict) {
    const std::vector<check::Change> history = changes();
    if (outcome_ != base::exit_ok)
      notes_.push_back(fmt::format("not all trials passed: exit code {}", int(outcome_)));
    if (options_.format == "json")
      return write_output(options_.output, report::verdict_json(verdict, notes_, history));
    if (options_.format == "markdown")
      return write_output(options_.output, report::verdict_markdown(verdict, notes_, history));
    if (options_.format == "junit")
      return write_output(options_.output, report::verdict_junit(verdict));
    std::string notes;
    for (const std::string& note : notes_) notes += note + (note.ends_with('\n') ? "" : "\n");
    write_output(options_.output, report::verdict_text(verdict, style_for(options_.output)) +
                                      notes + report::changes_text(history) +
                                      fmt::format("{}\n", report::to_string(verdict.judgement())));
  }

  const CheckOptions& options_;
  check::GateOptions gate_;
  std::vector<Subject> subjects_;
  base::ExitCode outcome_ = base::exit_ok;  // of new trials
  std::vector<std::string> notes_;          // on confirmations and on trials that did not pass
};

// Returns what `git bisect run` expects: 0 is good, 1 is bad, 125 cannot be tested; from 128 on git
// gives up. Throws a user error where the command line, a scenario or a baseline is wrong, as it is
// so for each commit.
int check_for_git(const CheckOptions& options) {
  constexpr int cannot_be_tested = 125;
  check_lanes(options.trials);
  Checker checker(options);
  try {
    const int code = checker.run();
    return code == base::exit_ok || code == base::exit_regression ? code : cannot_be_tested;
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    say_error(error.what(), error.hint());
    return cannot_be_tested;
  }
}

}  // namespace

void add_check(const Command& app) {
  const auto options = std::make_shared<CheckOptions>();
  const Command command = app.add_subcommand(
      "check",
      "Run scenarios and compare with their baselines: exit code 1 for a regression, 4 "
      "where that cannot be told");
  command.add_option("scenario", options->scenarios,
                     "Scenario files (default: all with a baseline in ./scenarios)");
  add_trial_options(command, options->trials);
  command
      .add_option("--repeat", options->trials.repeat,
                  "Trials of each cell (default: as many as it takes to show a change)")
      .range(1, 10000);
  command.add_option("--baseline", options->baseline, "The baseline's file (default: beside it)");
  command.add_option("--stored", options->stored,
                     "Judge this run of the store ('latest', or its id) instead of a new one");
  command.add_option("--across", options->across, "Conditions that may differ, as in outer_kernel")
      .comma_separated()
      .one_word();
  command.add_flag("--no-confirm", options->no_confirm,
                   "Call a regression what is suspected, without running it again");
  command.add_flag(
      "--bisect", options->bisect,
      "For git bisect run: exit code 0, 1, 125 where it cannot be told, or 128 for wrong "
      "usage");
  command.add_number("--alpha", options->alpha, "Of a false alarm in the whole check", 1e-6, 0.5);
  command.add_option("--format", options->format, "table, json, junit or markdown")
      .one_of({"table", "json", "junit", "markdown"})
      .shows_default();
  add_output(command, options->output);
  command.runs(
      [options] { return options->bisect ? check_for_git(*options) : Checker(*options).run(); });
}

}  // namespace lab::cli
