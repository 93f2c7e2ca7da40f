// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <regex>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/phase_clock.hpp"
#include "orchestrator/cli/progress.hpp"
#include "orchestrator/record/expectations.hpp"
#include "orchestrator/record/in_order.hpp"
#include "orchestrator/record/store.hpp"
#include "orchestrator/site/run.hpp"

namespace lab::cli {
namespace {

struct Options {
  std::vector<std::string> scenarios, set;
  std::string filter, store, format = "table", output;
  std::uint32_t repeat = 0;
  double timeout_scale = 1;
  unsigned retry = 0;
  bool dry_run = false, exact = false, timings = false, fail_fast = false;
  site::RunOptions run;
};

void scale(std::chrono::seconds& limit, double factor) {
  limit = std::chrono::seconds(std::max<std::int64_t>(
      1, static_cast<std::int64_t>(static_cast<double>(limit.count()) * factor)));
}

std::vector<scenario::Scenario> load_scenarios(const Options& options) {
  std::vector<std::string> overrides = options.set;
  if (options.exact) overrides.push_back("exact=true");
  if (options.repeat > 0) overrides.push_back("repeat=" + std::to_string(options.repeat));
  std::vector<scenario::Scenario> scenarios;
  for (const std::string& file : options.scenarios)
    scenarios.push_back(scenario::load(file, overrides));
  return scenarios;
}

void choose(std::vector<scenario::TrialPlan>& plans, const std::string& filter) {
  if (filter.empty()) return;
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

std::vector<scenario::TrialPlan> make_plans(const std::vector<scenario::Scenario>& scenarios,
                                            const Options& options) {
  std::vector<scenario::TrialPlan> plans;
  for (const scenario::Scenario& scenario : scenarios)
    std::ranges::move(scenario::expand(scenario), std::back_inserter(plans));
  choose(plans, options.filter);
  for (scenario::TrialPlan& plan : plans) {
    scale(plan.timeouts.trial, options.timeout_scale);
    for (scenario::Step& step : plan.steps) scale(step.timeout, options.timeout_scale);
  }
  return plans;
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

// The machinery's failure outweighs the guest's, and that a mere difference in numbers.
int severity(base::ExitCode code) {
  constexpr base::ExitCode order[] = {base::exit_ok,        base::exit_regression,
                                      base::exit_no_data,   base::exit_guest_failed,
                                      base::exit_timed_out, base::exit_infrastructure};
  return static_cast<int>(std::ranges::find(order, code) - std::begin(order));
}

base::ExitCode exit_code_of(const record::Record& record) {
  return exit_code_of(record.outcome);
}

base::ExitCode exit_code_of(const record::RelationResult& relation) {
  if (!relation.ok) return base::exit_no_data;
  return *relation.ok ? base::exit_ok : base::exit_regression;
}

base::ExitCode worst_of(const auto& results, base::ExitCode worst = base::exit_ok) {
  for (const auto& result : results) {
    const base::ExitCode code = exit_code_of(result);
    if (severity(code) > severity(worst)) worst = code;
  }
  return worst;
}

// Runs the plans; what the table format shows of each record is printed as soon as it is there.
class Runner {
 public:
  Runner(const Options& options, std::vector<scenario::Scenario> scenarios,
         std::vector<scenario::TrialPlan> plans)
      : options_(options),
        scenarios_(std::move(scenarios)),
        plans_(std::move(plans)),
        in_order_(plans_),
        folders_(base::find_folders()),
        format_(wanted_format(options.format)),
        store_(store_path(options.store)),
        progress_(Progress::fitting()) {}

  int run() {
    try {
      run_with_retries();
    } catch (...) {
      finish(false);  // what there is, is there
      throw;
    }
    finish(true);
    return worst_of(relations_, worst_of(records_));
  }

 private:
  bool streaming() const { return format_ == report::Format::table && options_.output.empty(); }

  void judge_relations() {
    for (const scenario::Scenario& scenario : scenarios_)
      std::ranges::move(record::judge_relations(scenario, plans_, records_),
                        std::back_inserter(relations_));
  }

  // Relations are judged where all trials have run.
  void finish(bool whole) {
    progress_.clear();
    records_ = in_order_.records();
    if (whole) judge_relations();
    if (streaming()) {
      print(in_order_.rest());
      write_output("", report::relations(relations_, terminal_style()));
    } else {
      write_output(options_.output,
                   report::render(format_, records_, style_for(options_.output), relations_));
    }
    if (!records_.empty()) print_summary();
    if (failed_early()) say_what_was_left_out();
  }

  // Only the machinery's failures are tried again, and only the trials that have no record yet.
  void run_with_retries() {
    for (unsigned attempt = 0;; ++attempt) {
      last_attempt_ = attempt >= options_.retry;
      try {
        return site::run_plans(
            in_order_.missing(), options_.run, folders_, [this] { return failed_early(); },
            [this](const trial::Event& event) { take(event); });
      } catch (const base::Error& error) {
        progress_.clear();
        if (error.kind() != base::ErrorKind::infrastructure || last_attempt_ || failed_early() ||
            in_order_.missing().empty())
          throw;
        say(fmt::format("lab: warning: {}; trying again ({} of {})\n", error.what(), attempt + 1,
                        options_.retry));
      }
    }
  }

  bool failed_early() const { return options_.fail_fast && failed_; }

  void say_what_was_left_out() const {
    const std::size_t left = in_order_.missing().size();
    if (left > 0)
      say(fmt::format("lab: --fail-fast: {} of {} trials not run\n", left, plans_.size()));
  }

  void print(const std::vector<const record::Record*>& records) const {
    for (const record::Record* record : records)
      write_output("", report::table(*record, terminal_style()));
  }

  void take(const trial::Event& event) {
    clock_.take(event);
    if (event.kind == trial::Event::Kind::error) return take_failure(event);
    if (event.kind != trial::Event::Kind::record) return progress_(event);
    record::Record record = record::from_json(event.text);
    const record::Timings before = clock_.phases_before_trial(event.lane);
    record.timings.insert(record.timings.begin(), before.begin(), before.end());
    const std::string trial = record.trial;
    if (run_.empty()) run_ = record.id;
    record.run = run_;
    progress_.clear();
    if (is_warmup(record)) {
      say(warmup_line(record));
      return in_order_.done(trial, std::nullopt);
    }
    store_.insert(record);
    failed_ |= exit_code_of(record) != base::exit_ok;
    in_order_.done(trial, std::move(record));
    if (streaming()) print(in_order_.next());
  }

  // Of an outer VM. What the run ends with is said in full at its end.
  void take_failure(const trial::Event& event) {
    failed_ |= last_attempt_;
    if (plans_.size() == 1) return;
    progress_.clear();
    say(fmt::format("lab: warning: {}: {}\n",
                    event.trial.empty() ? "an outer VM failed" : "no record of " + event.trial,
                    report::printable(event.text.substr(0, event.text.find('\n')))));
  }

  bool is_warmup(const record::Record& record) const {
    const auto plan = std::ranges::find(plans_, record.trial, &scenario::TrialPlan::name);
    return plan != plans_.end() && plan->warmup;
  }

  static std::string warmup_line(const record::Record& record) {
    std::string exits;
    if (!record.steps.empty() && record.steps.front().exits)
      exits = fmt::format(", {} exits", *record.steps.front().exits);
    return fmt::format("lab: warm-up {}: {}{}{}, not kept\n", report::printable(record.trial),
                       to_string(record.outcome), exits,
                       record.message.empty() ? "" : ": " + report::printable(record.message));
  }

  // Of several lanes, their seconds together.
  void print_summary() const {
    const double all = clock_.phase_seconds(),
                 own = all - clock_.outer_seconds() - clock_.guest_seconds();
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    say(fmt::format(
        "lab: {} trial{} in {:.1f} s{}: outer VM's boot {:.1f}, guests {:.1f}, all else {:.1f} "
        "({:.0f} %); lab's peak memory {} MiB\n",
        records_.size(), records_.size() == 1 ? "" : "s", clock_.seconds(),
        clock_.lanes() > 1 ? fmt::format(", {} at once", clock_.lanes()) : "",
        clock_.outer_seconds(), clock_.guest_seconds(), own, 100 * own / all,
        usage.ru_maxrss >> 10));
    if (options_.timings) say(clock_.table());
  }

  const Options& options_;
  std::vector<scenario::Scenario> scenarios_;
  const std::vector<scenario::TrialPlan> plans_;
  record::InOrder in_order_;
  base::Folders folders_;
  report::Format format_;
  record::Store store_;
  Progress progress_;
  PhaseClock clock_;
  std::string run_;                      // Record::run of all
  bool failed_ = false;                  // a trial did not pass
  bool last_attempt_ = false;            // what fails now is not tried again
  std::vector<record::Record> records_;  // all of the run, at its end
  std::vector<record::RelationResult> relations_;
};

int run(Options options) {
  std::vector<scenario::Scenario> scenarios = load_scenarios(options);
  for (const scenario::Scenario& scenario : scenarios)
    std::ranges::copy(scenario.relations, std::back_inserter(options.run.relations));
  std::vector<scenario::TrialPlan> plans = make_plans(scenarios, options);
  if (options.dry_run) {
    for (const scenario::TrialPlan& plan : plans) fmt::print("{}\n", plan.name);
    return base::exit_ok;
  }
  return Runner(options, std::move(scenarios), std::move(plans)).run();
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Run scenarios and record their exits");
  command->add_option("scenario", options->scenarios, "Scenario files")->required();
  command->add_option("--on", options->run.site, "Site: auto, here, kvm, svm or vmx")
      ->capture_default_str();
  command->add_option("--repeat", options->repeat, "Trials of each cell, instead of the scenario's")
      ->check(CLI::Range(1, 10000));
  command->add_option("--set", options->set, "KEY=VALUE: override a setting (dotted key)")
      ->allow_extra_args(false);
  command->add_option("-f,--filter", options->filter, "Only trials whose name matches this regex");
  command->add_flag("--dry-run", options->dry_run, "Only list the trials");
  command->add_option("--retry", options->retry, "Times to try again where the machinery fails")
      ->check(CLI::Range(0, 10));
  command->add_option("--timeout-scale", options->timeout_scale, "Multiply every time limit")
      ->check(CLI::Range(0.01, 100.0));
  command
      ->add_option("-j,--jobs", options->run.at_once,
                   "Outer VMs at once; 0: as many as processors and memory allow")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command->add_flag("--fail-fast", options->fail_fast,
                    "Begin no further trial once one has not passed");
  command->add_flag("--exact", options->exact,
                    "The same exits each time, whatever else the machine does (sites svm, vmx)");
  command->add_flag("--timings", options->timings, "Say where the time went, by phase");
  command->add_flag("--verify-tracepoint", options->run.verify_tracepoint,
                    "Also count by the kvm:kvm_exit tracepoint and compare reason by reason");
  command->add_option("--store", options->store, "The store's file");
  add_format_options(*command, options->format, options->output);
  command->callback([&action, options] {
    options->run.time_scale = options->timeout_scale;
    action = [options] { return run(*options); };
  });
}

}  // namespace lab::cli
