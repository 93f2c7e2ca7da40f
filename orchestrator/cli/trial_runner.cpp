// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trial_runner.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/scenario_file.hpp"
#include "orchestrator/scenario/plan_json.hpp"
#include "orchestrator/store/keep.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

void scale(std::chrono::seconds& limit, double factor) {
  constexpr double most = 24 * 3600;  // as in a scenario
  limit = std::chrono::seconds(static_cast<std::int64_t>(
      std::clamp(static_cast<double>(limit.count()) * factor, 1.0, most)));
}

std::string warmup_line(const record::Record& record) {
  std::string exits;
  if (!record.steps.empty() && record.steps.front().exits)
    exits = fmt::format(", {} exits", *record.steps.front().exits);
  return fmt::format("lab: warm-up {}: {}{}{}, not kept\n", report::printable(record.trial),
                     to_string(record.outcome), exits,
                     record.message.empty() ? "" : ": " + report::printable(record.message));
}

}  // namespace

void add_trial_options(const Command& command, TrialOptions& options) {
  command.add_option("--on", options.run.site, "Where: lab help sites")
      .type_name("SITE:{auto,here,kvm,svm,vmx}")
      .shows_default();
  command.add_option("--set", options.set, "KEY=VALUE: override a setting (dotted key)").one_word();
  command.add_option("--retry", options.retry, "Times to try again where the machinery fails")
      .range(0, 10);
  command.add_option("--timeout-scale", options.timeout_scale, "Multiply every time limit")
      .range(0.01, 100.0);
  command
      .add_option("-j,--jobs", options.run.at_once,
                  "Outer VMs at once; 0: as many as processors and memory allow")
      .range(0, 256)
      .shows_default();
  const Option exact = command.add_flag(
      "--exact", options.exact, "Refuse where the same trial cannot have the same exits each time");
  command.add_flag("--no-exact", options.no_exact, "By this machine's clock also where it can")
      .excludes(exact);
  command.add_flag("--timings", options.timings, "Say where the time went, by phase");
  command.add_flag("--verify-tracepoint", options.run.verify_tracepoint,
                   "Also count by the kvm:kvm_exit tracepoint and compare reason by reason");
  command.add_option("--store", options.store, "The store's file");
}

scenario::Scenario load_scenario(const std::string& file, const TrialOptions& options) {
  std::vector<std::string> overrides = options.set;
  if (options.exact) overrides.push_back("exact=true");
  if (options.no_exact) overrides.push_back("exact=false");
  if (options.repeat > 0) overrides.push_back("repeat=" + std::to_string(options.repeat));
  return scenario::load(scenario_file(file), overrides);
}

std::vector<scenario::TrialPlan> plans_of(const scenario::Scenario& scenario,
                                          const TrialOptions& options) {
  std::vector<scenario::TrialPlan> plans = scenario::expand(scenario);
  for (scenario::TrialPlan& plan : plans) scale_timeouts(plan, options.timeout_scale);
  return plans;
}

void scale_timeouts(scenario::TrialPlan& plan, double factor) {
  scale(plan.timeouts.trial, factor);
  for (scenario::Step& step : plan.steps) scale(step.timeout, factor);
}

base::ExitCode exit_code_of(record::Outcome outcome) {
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

base::ExitCode worse(base::ExitCode one, base::ExitCode other) {
  constexpr base::ExitCode order[] = {base::exit_ok,        base::exit_regression,
                                      base::exit_no_data,   base::exit_guest_failed,
                                      base::exit_timed_out, base::exit_infrastructure};
  return std::ranges::find(order, one) > std::ranges::find(order, other) ? one : other;
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
      progress_(terminal::Progress::fitting()),
      run_(std::move(run_name)) {
  store_.set_patience(std::chrono::minutes(1));  // a trial took longer
  if (terminal::Progress::fitting() != terminal::Progress::Mode::terminal) return;
  try {
    const terminal::Expected expected(store_, plans_, options.run.site);
    progress_.expect(expected, options.run.at_once == 1 ? expected.all(plans_) : std::nullopt);
  } catch (const base::Error&) {
    // A damaged record is no reason not to run: there is no estimate then.
  }
}

// Only the machinery's failures are tried again, and only the trials that have no record yet.
void TrialRunner::run(const Next& next) {
  next_ = next;
  run::RunOptions run = options_.run;
  run.time_scale = options_.timeout_scale;
  for (unsigned attempt = 0;; ++attempt) {
    last_attempt_ = attempt >= options_.retry;
    try {
      return run::run_plans(
          in_order_.missing(), run, folders_, [this] { return failed_early(); },
          [this](const trial::Event& event) { take(event); });
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

void TrialRunner::finish() {
  progress_.clear();
  const std::size_t trials = in_order_.records().size();
  if (trials > 0) print_summary(trials);
  const std::size_t left = in_order_.missing().size();
  if (failed_early() && left > 0)
    say(fmt::format("lab: --fail-fast: {} of {} trials not run\n", left, plans_.size()));
  std::string files;
  for (const fs::path& file : unstored_) files += " " + file.string();
  if (!unstored_.empty()) say(fmt::format("lab: not in the store: lab results import{}\n", files));
}

base::ExitCode TrialRunner::exit_code() const {
  base::ExitCode worst = unstored_.empty() ? base::exit_ok : base::exit_infrastructure;
  for (const record::Record& record : records()) worst = worse(worst, exit_code_of(record.outcome));
  return worst;
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
  if (const scenario::TrialPlan* plan = plan_of(record))
    record.plan = scenario::to_object(*plan).dump(-1, ' ', true,
                                                  nlohmann::ordered_json::error_handler_t::replace);
  const store::Saved saved = store::keep(store_, record, {fs::temp_directory_path()});
  if (!saved.file.empty()) {
    unstored_.push_back(saved.file);
    say(fmt::format("lab: warning: {}; the record of {} is in {}\n", saved.why, trial,
                    saved.file.string()));
  }
  failed_ |= record.outcome != record::Outcome::passed;
  in_order_.done(trial, std::move(record));
  next_(in_order_.next());
}

// Of an outer VM. What the run ends with is said in full at its end.
void TrialRunner::take_failure(const std::string& trial, const base::Error& error) {
  failed_ |= last_attempt_;
  if (plans_.size() == 1) return;
  progress_.clear();
  const std::string text = error.what();
  say(fmt::format("lab: warning: {}: {}\n",
                  trial.empty() ? "an outer VM failed" : "no record of " + trial,
                  report::printable(text.substr(0, text.find('\n')))));
}

const scenario::TrialPlan* TrialRunner::plan_of(const record::Record& record) const {
  const auto plan = std::ranges::find(plans_, record.trial, &scenario::TrialPlan::name);
  return plan == plans_.end() ? nullptr : &*plan;
}

bool TrialRunner::is_warmup(const record::Record& record) const {
  const scenario::TrialPlan* plan = plan_of(record);
  return plan != nullptr && plan->warmup;
}

// Of several lanes, their seconds together.
void TrialRunner::print_summary(std::size_t trials) const {
  const double all = clock_.phase_seconds(),
               own = all - clock_.outer_seconds() - clock_.guest_seconds();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  say(fmt::format(
      "lab: {} trial{} in {:.1f} s{}: outer VM's boot {:.1f}, guests {:.1f}, all else "
      "{:.1f} ({:.0f} %); lab's peak memory {} MiB\n",
      trials, trials == 1 ? "" : "s", clock_.seconds(),
      clock_.lanes() > 1 ? fmt::format(", {} at once", clock_.lanes()) : "", clock_.outer_seconds(),
      clock_.guest_seconds(), own, 100 * own / all, usage.ru_maxrss >> 10));
  if (options_.timings) say(clock_.table());
}

}  // namespace lab::cli
