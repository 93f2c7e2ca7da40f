// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/trial_runner.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/check/planning.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/run/artifacts/artifacts.hpp"
#include "orchestrator/run/checks.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/store/keep.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

void scale(std::chrono::seconds& limit, double factor) {
  constexpr double most = 24 * 3600;  // as in a scenario
  limit = std::chrono::seconds(static_cast<std::int64_t>(
      std::clamp(static_cast<double>(limit.count()) * factor, 1.0, most)));
}

// Returns the plan's text as a record keeps it.
std::string plan_text(const scenario::TrialPlan& plan) {
  return base::dump_json(scenario::to_object(plan));
}

std::string warmup_line(const record::Record& record) {
  std::string exits;
  if (!record.steps.empty() && record.steps.front().exits)
    exits = ", " + base::counted(*record.steps.front().exits, "exit");
  return fmt::format("lab: warm-up {}: {}{}{}, not kept\n", report::printable(record.trial),
                     to_string(record.outcome), exits,
                     record.message.empty() ? "" : ": " + report::printable(record.message));
}

}  // namespace

void add_place_options(const Command& command, TrialOptions& options) {
  command.add_option("--on", options.run.site, "Where: lab help sites")
      .type_name("SITE:{auto,here,kvm,svm,vmx}")
      .shows_default();
  command.add_option("--set", options.set, "KEY=VALUE: override a setting (dotted key)").one_word();
  command.add_option("--timeout-scale", options.timeout_scale, "Multiply every time limit")
      .range(0.01, 100.0);
  command.add_option("--via", options.via.command,
                     "Command that starts a lane, -j of them: lab help machines");
  command.add_option("--slurm-options", options.via.slurm_options,
                     "OPTIONS for srun, with --via slurm");
  command
      .add_option("--queue-limit", options.via.queue_limit,
                  "MINUTES: with --via, leave a lane out that has not begun by then")
      .range(0.0, 100000.0);
  const Option exact = command.add_flag(
      "--exact", options.exact, "Refuse where the same trial cannot have the same exits each time");
  command.add_flag("--no-exact", options.no_exact, "By this machine's clock also where it can")
      .excludes(exact);
  command.add_flag("--causes", options.causes,
                   "Also count what each exit was about and which code made it: lab causes");
}

void add_trial_options(const Command& command, TrialOptions& options) {
  add_place_options(command, options);
  command.add_option("--retry", options.retry, "Times to try again where the machinery fails")
      .range(0, 10);
  command.add_number("-j,--jobs", options.run.at_once,
                     "Outer VMs at once; 0: as many as processors and memory allow", 0, most_lanes);
  command.add_flag("--no-known-trial", options.via.unproved,
                   "With --via: take machines without comparing the counts of a known trial");
  command.add_flag("--timings", options.timings, "Say where the time went, by phase");
  command.add_flag("--verify-tracepoint", options.run.verify_tracepoint,
                   "Also count by the kvm:kvm_exit tracepoint and compare reason by reason (with "
                   "--causes also each detail, by kvm_pio and others)");
  command.add_option("--store", options.store, "The store's file");
}

void check_lanes(const TrialOptions& options) {
  if (options.via.command.empty() && options.via.unproved)
    throw base::user_error("--no-known-trial: only with --via");
  if (options.via.command.empty() && options.via.queue_limit > 0)
    throw base::user_error("--queue-limit: only with --via");
  if (options.via.command != "slurm" && !options.via.slurm_options.empty())
    throw base::user_error("--slurm-options: only with --via slurm");
  if (!options.via.command.empty() && options.run.at_once == 0)
    throw base::user_error("-j 0 with --via: say how many lanes", "-j 4");
}

scenario::Scenario load_scenario(const std::string& file, const TrialOptions& options) {
  std::vector<std::string> overrides = options.set;
  if (options.exact) overrides.push_back("exact=true");
  if (options.no_exact) overrides.push_back("exact=false");
  if (options.causes) overrides.push_back(fmt::format("kvm.causes={}", usual_causes));
  if (options.repeat > 0) overrides.push_back("repeat=" + std::to_string(options.repeat));
  return scenario::load(scenario_file(file), overrides, options.wanted);
}

std::vector<scenario::Scenario> load_scenarios(const std::vector<std::string>& files,
                                               const TrialOptions& options) {
  std::vector<scenario::Scenario> scenarios;
  for (const std::string& file : files) scenarios.push_back(load_scenario(file, options));
  return scenarios;
}

void decide_repeat(std::vector<scenario::Scenario>& scenarios, TrialOptions& options) {
  if (std::ranges::none_of(scenarios, &scenario::Scenario::repeat_auto)) return;
  std::vector<scenario::TrialPlan> plans;
  for (const scenario::Scenario& scenario : scenarios)
    std::ranges::move(scenario::expand(scenario), std::back_inserter(plans));
  if (options.wanted)
    std::erase_if(plans, [&](const auto& plan) { return !options.wanted(plan.name); });
  terminal::Progress progress;
  const record::Site& site = run::site_for(options.run.site, plans, std::ref(progress));
  run::wait_for_emulator(site, plans, base::find_folders(), std::ref(progress));
  progress.clear();
  options.run.site = site.name;
  for (scenario::Scenario& scenario : scenarios) {
    const auto decided = run::decide_exact(scenario::expand(scenario), site);
    const bool exact = std::ranges::all_of(decided, [](const scenario::TrialPlan& plan) {
      return plan.settings.exact == scenario::Exact::always;
    });
    if (scenario.repeat_auto && !exact) scenario.repeat = check::fewest_new_trials;
  }
}

std::vector<scenario::TrialPlan> make_plans(const scenario::Scenario& scenario,
                                            const TrialOptions& options) {
  std::vector<scenario::TrialPlan> plans = scenario::expand(scenario);
  for (scenario::TrialPlan& plan : plans) scale_timeouts(plan, options.timeout_scale);
  return plans;
}

std::vector<scenario::TrialPlan> make_plans(const std::vector<scenario::Scenario>& scenarios,
                                            const TrialOptions& options) {
  std::vector<scenario::TrialPlan> plans;
  for (const scenario::Scenario& scenario : scenarios)
    std::ranges::move(make_plans(scenario, options), std::back_inserter(plans));
  return plans;
}

void scale_timeouts(scenario::TrialPlan& plan, double factor) {
  scale(plan.timeouts.trial, factor);
  for (scenario::Step& step : plan.steps) scale(step.timeout, factor);
}

base::ExitCode exit_code(record::Outcome outcome) {
  switch (outcome) {
    case record::Outcome::passed:
      return base::exit_ok;
    case record::Outcome::failed:
    case record::Outcome::regressed:
      return base::exit_regression;
    case record::Outcome::guest_failed:
      return base::exit_guest_failed;
    case record::Outcome::timed_out:
      return base::exit_timed_out;
    case record::Outcome::infrastructure:
      return base::exit_infrastructure;
    case record::Outcome::incomplete:
      return base::exit_no_data;
  }
  return base::exit_infrastructure;
}

TrialRunner::TrialRunner(std::vector<scenario::TrialPlan> plans, const TrialOptions& options,
                         std::string run_name)
    : plans_(std::move(plans)),
      options_(options),
      in_order_(plans_),
      folders_(base::find_folders()),
      store_(store_path(options.store)),
      run_folder_(folders_),
      live_(run_folder_.sockets()),
      run_(std::move(run_name)) {
  check_lanes(options);
  for (const scenario::TrialPlan& plan : plans_) plan_by_name_.emplace(plan.name, &plan);
  store_.set_patience(std::chrono::minutes(1));  // a trial took longer
}

// Only the machinery's failures are tried again, and only the trials that have no record yet.
void TrialRunner::run(const Next& next) {
  next_ = next;
  hand_over();  // of an earlier call
  for (unsigned attempt = 0;; ++attempt) {
    last_attempt_ = attempt >= options_.retry;
    try {
      return run_plans();
    } catch (const base::Error& error) {
      progress_.clear();
      if (error.kind() != base::ErrorKind::infrastructure || last_attempt_ || failed_early() ||
          in_order_.missing().empty())
        throw;
      say(fmt::format("lab: warning: {}; trying again ({} of {})\n",
                      report::printable(error.what(), true), attempt + 1, options_.retry));
    }
  }
}

void TrialRunner::run_plans() {
  run::RunOptions run = options_.run;
  run.time_scale = options_.timeout_scale;
  const std::vector<scenario::TrialPlan> plans = in_order_.missing();
  if (plans.empty()) return;
  const auto stop_early = [this] { return failed_early(); };
  const trial::Sink sink = [this](const trial::Event& event) { take(event); };
  if (options_.via.command.empty()) {
    choose_site(plans, sink);
    run.site = site_;
    return run::run_plans(plans, run, folders_, stop_early, sink);
  }
  const auto warn = [this](const std::string& text) {
    progress_.clear();
    say(fmt::format("lab: warning: {}\n", report::printable(text, true)));
  };
  lane::run_plans(plans, run, options_.via, stop_early, warn, sink);
}

// Chooses it for all attempts, as it says how long the trials will take.
void TrialRunner::choose_site(const std::vector<scenario::TrialPlan>& plans,
                              const trial::Sink& sink) {
  if (!site_.empty()) return;
  if (options_.run.site == "auto") run::check_images(plans, folders_);  // trying sites takes longer
  site_ = run::site_for(options_.run.site, plans, sink).name;
  if (terminal::Progress::fitting() == terminal::Progress::Mode::terminal) foretell(plans);
}

// Reads how long equal trials took. Of machines elsewhere (--via) nothing is known.
void TrialRunner::foretell(const std::vector<scenario::TrialPlan>& plans) {
  try {
    const record::Site& site = *record::find_site(site_);
    std::map<bool, record::Conditions> known;
    std::vector<terminal::TrialBefore> trials;
    const std::vector<scenario::TrialPlan> decided = run::decide_exact(plans, site);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const bool exact = decided[i].settings.exact == scenario::Exact::always;
      if (!known.contains(exact)) known[exact] = run::conditions_before(site, exact);
      trials.push_back({plans[i], site_, exact, known[exact]});
    }
    const terminal::Expected expected(store_, trials);
    progress_.expect(expected, options_.run.at_once == 1 ? expected.all(plans) : std::nullopt);
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    // A damaged record does not keep trials from running; there is no estimate then.
  }
}

void TrialRunner::resume(const std::vector<record::Record>& records) {
  for (const record::Record& record : records) {
    const scenario::TrialPlan* plan = find_plan(record);
    if (plan == nullptr) continue;  // of another scenario, or left out by -f
    if (record.plan != plan_text(*plan))
      throw base::user_error(
          fmt::format("--resume: {} of run {} was another trial than the one that "
                      "is asked for: its settings or steps differ",
                      record.trial, record.run),
          "lab run without --resume, or with the same scenarios and options");
    failed_ |= record.outcome != record::Outcome::passed;
    worst_ = worse(worst_, cli::exit_code(record.outcome));
    in_order_.done(record.trial, record);
  }
  // A warm-up serves the trials that follow it.
  const std::vector<scenario::TrialPlan> missing = in_order_.missing();
  for (const scenario::TrialPlan& warmup : missing) {
    const bool needed = std::ranges::any_of(missing, [&](const scenario::TrialPlan& plan) {
      return !plan.warmup && plan.scenario == warmup.scenario && plan.cell == warmup.cell;
    });
    if (warmup.warmup && !needed) in_order_.done(warmup.name, std::nullopt);
  }
}

void TrialRunner::finish() {
  progress_.clear();
  const std::size_t trials = in_order_.count();
  if (trials > 0) print_summary(trials);
  const std::size_t left = in_order_.missing().size();
  if (failed_early() && left > 0)
    say(fmt::format("lab: --fail-fast: {} of {} not run\n", left,
                    base::counted(plans_.size(), "trial")));
  std::string files;
  for (const fs::path& file : unstored_) files += " " + file.string();
  if (!unstored_.empty()) say(fmt::format("lab: not in the store: lab results import{}\n", files));
}

base::ExitCode TrialRunner::exit_code() const {
  return unstored_.empty() ? worst_ : base::exit_infrastructure;
}

void TrialRunner::take(const trial::Event& event) {
  clock_.take(event);
  live_.take(event);
  if (const auto* error = event.get<base::Error>()) return take_failure(event.trial, *error);
  if (const auto* record = event.get<record::Record>()) return keep(*record, event.lane);
  progress_(event);
}

void TrialRunner::keep(record::Record record, unsigned lane) {
  const record::Timings before = clock_.phases_before_trial(lane);
  record.timings.insert(record.timings.begin(), before.begin(), before.end());
  const std::string trial = record.trial;
  progress_.clear();
  if (is_warmup(record)) {
    say(warmup_line(record));
    return in_order_.done(trial, std::nullopt);
  }
  if (run_.empty()) run_ = record.id;
  record.run = run_;
  if (const scenario::TrialPlan* plan = find_plan(record)) record.plan = plan_text(*plan);
  const store::Saved saved = store::keep(store_, record, {fs::temp_directory_path()});
  if (!saved.file.empty()) {
    unstored_.push_back(saved.file);
    say(fmt::format("lab: warning: {}; the record of {} is in {}\n", saved.why, trial,
                    saved.file.string()));
  }
  failed_ |= record.outcome != record::Outcome::passed;
  worst_ = worse(worst_, cli::exit_code(record.outcome));
  in_order_.done(trial, std::move(record));
  hand_over();
}

void TrialRunner::hand_over() {
  next_(in_order_.next());
  if (forget_) in_order_.forget_shown();
}

// Reports an outer VM's failure in one line. A run prints the one it ends with in full at its end.
void TrialRunner::take_failure(const std::string& trial, const base::Error& error) {
  failed_ |= last_attempt_;
  if (plans_.size() == 1) return;
  progress_.clear();
  const std::string text = error.what();
  say(fmt::format("lab: warning: {}: {}\n",
                  trial.empty() ? "an outer VM failed" : "no record of " + trial,
                  report::printable(text.substr(0, text.find('\n')))));
}

const scenario::TrialPlan* TrialRunner::find_plan(const record::Record& record) const {
  const auto plan = plan_by_name_.find(record.trial);
  return plan == plan_by_name_.end() ? nullptr : plan->second;
}

bool TrialRunner::is_warmup(const record::Record& record) const {
  const scenario::TrialPlan* plan = find_plan(record);
  return plan != nullptr && plan->warmup;
}

// Prints times; those of several lanes are added up.
void TrialRunner::print_summary(std::size_t trials) const {
  const double all = clock_.phase_seconds(),
               own = all - clock_.outer_seconds() - clock_.guest_seconds();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  say(fmt::format(
      "lab: {} in {:.1f} s{}: outer VM's boot {:.1f}, guests {:.1f}, all else "
      "{:.1f} ({:.0f} %); lab's peak memory {} MiB\n",
      base::counted(trials, "trial"), clock_.seconds(),
      clock_.lanes() > 1 ? fmt::format(", {} at once", clock_.lanes()) : "", clock_.outer_seconds(),
      clock_.guest_seconds(), own, all > 0 ? 100 * own / all : 0, usage.ru_maxrss >> 10));
  if (options_.timings) say(clock_.table());
}

}  // namespace lab::cli
