// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/confirm.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::cli {
namespace {

// Returns the baseline's plan on the kernel that its trials had. The release of a kernel from a
// tree names none that can be fetched, so the plan's own word stays there.
scenario::TrialPlan find_plan(const check::Entry& baseline, double timeout_scale) {
  scenario::TrialPlan plan = baseline.plan.value();
  const record::Conditions& conditions = baseline.cell.conditions;
  const auto kernel = conditions.find(std::string(record::condition::outer_kernel));
  const bool is_debians = !conditions.contains(std::string(record::condition::kvm_source));
  if (kernel != conditions.end() && is_debians) plan.settings.kernel = kernel->second;
  scale_timeouts(plan, timeout_scale);
  return plan;
}

// Runs one side's trials: one plan again and again.
class Side {
 public:
  Side(scenario::TrialPlan plan, const TrialOptions& options, std::string run)
      : plan_(std::move(plan)), options_(options), run_(std::move(run)) {
    plan_.expect.clear();  // these trials are for their counts
  }

  // Runs the trials one after the other in an outer VM.
  void run(std::size_t trials) {
    std::vector<scenario::TrialPlan> plans;
    for (std::size_t i = 0; i < trials; ++i) {
      plan_.repeat = static_cast<std::uint32_t>(++trials_);
      plan_.name = fmt::format("{}#{}", record::cell_name(plan_.name), trials_);
      plans.push_back(plan_);
    }
    TrialRunner runner(std::move(plans), options_, run_);
    runner.run();
    runner.clear_progress();
    all_stored_ &= runner.all_stored();
    records_ = runner.records();
    for (const record::Record& record : records_) counts_.push_back(record::to_counts(record));
  }

  // Runs one trial with causes. It is no sample, as counting causes takes instructions.
  std::vector<record::Record> run_with_causes() const {
    Side side(plan_, options_, run_);
    side.plan_.settings.causes = usual_causes;
    side.run(1);
    return side.records_;
  }

  bool all_stored() const { return all_stored_; }

  // Returns one cell where all trials that passed had the same conditions.
  std::vector<check::Cell> cells() const { return check::gather(counts_).cells; }

 private:
  scenario::TrialPlan plan_;
  const TrialOptions& options_;
  const std::string run_;
  std::size_t trials_ = 0;
  bool all_stored_ = true;
  std::vector<record::TrialCounts> counts_;
  std::vector<record::Record> records_;  // of the last run
};

// Returns the first difference that is not only reported (`is_only_told`); "" where there is none.
std::string first_other(const std::vector<check::Difference>& differences) {
  for (const check::Difference& one : differences)
    if (!record::is_only_told(one.key)) return one.key;
  return "";
}

// Returns the first condition in which two cells differ; "" where they agree.
std::string other_condition(const check::Cell& one, const check::Cell& other) {
  return first_other(check::differences(one.conditions, other.conditions));
}

class Confirmer {
 public:
  Confirmer(const Suspicion& suspicion, const check::GateOptions& gate, const TrialOptions& options)
      : suspicion_(suspicion),
        gate_(gate),
        options_(options),
        run_(std::string(record::confirmation_prefix) + suspicion.trials.trials.front().run),
        trials_(check::trials_to_confirm(suspicion.judgement, gate)),
        b_(suspicion.plan, options, run_) {}

  ConfirmedOrNot run() {
    say(fmt::format("lab: {}: {} suspected; trying again\n",
                    report::printable(suspicion_.trials.name), suspicions_.size()));
    try {
      if (suspicion_.baseline.plan && !is_same()) run_in_turn();
      if (!a_) b_.run(trials_);
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::interrupted) throw;
      return undecided(error.what());
    }
    ConfirmedOrNot result = judge();
    result.all_stored = b_.all_stored() && (!a_ || a_->all_stored());
    if (!result.confirmation.confirmed.empty()) measure_causes(result);
    return result;
  }

 private:
  // Returns true where nothing is known to differ, so that A and B would be the same.
  bool is_same() const {
    return first_other(suspicion_.judgement.comparison.conditions).empty() &&
           (!suspicion_.baseline.plan || is_same_work(*suspicion_.baseline.plan, suspicion_.plan));
  }

  // Runs A B, then B A, so that any drift affects both alike. Leaves out A where it cannot be run
  // any more: its kernel is gone, or this machine cannot run it.
  void run_in_turn() {
    try {
      a_.emplace(find_plan(suspicion_.baseline, options_.timeout_scale), options_, run_);
      a_->run(1);
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::interrupted) throw;
      a_.reset();
      why_not_a_ = error.what();
      return;
    }
    b_.run(1);
    for (std::size_t i = 1; i < trials_; ++i) {
      Side& first = i % 2 == 0 ? *a_ : b_;
      first.run(1);
      (&first == &b_ ? *a_ : b_).run(1);
    }
  }

  // Measures the causes behind the difference, where both sides can be run and their trials have
  // none. A confirmed difference remains one where this fails.
  void measure_causes(ConfirmedOrNot& result) const {
    if (!a_ || suspicion_.plan.settings.causes != 0) return;
    try {
      result.causes_before = a_->run_with_causes();
      result.causes_now = b_.run_with_causes();
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::interrupted) throw;
      say(fmt::format("lab: no causes: {}\n", report::printable(error.what(), true)));
    }
  }

  ConfirmedOrNot undecided(const std::string& why) const {
    ConfirmedOrNot result;
    result.confirmation.cannot_tell = {"suspected, and could not be tried again: " + why};
    return result;
  }

  ConfirmedOrNot judge() const {
    const std::vector<check::Cell> b = b_.cells();
    if (b.size() != 1) return undecided("no trial passed, or not all under the same conditions");
    const std::string changed = other_condition(suspicion_.trials, b.front());
    if (!changed.empty())
      return undecided("what is run now has another " + changed + " than the suspicious trials");
    std::string lost = why_not_a_;
    if (a_) {
      const std::vector<check::Cell> a = a_->cells();
      if (a.size() == 1) lost = other_condition(a.front(), suspicion_.baseline.cell);
      if (a.size() == 1 && lost.empty())
        return {
            check::confirm(suspicions_, a.front(), b.front(), gate_),
            fmt::format("{} as the baseline's and {} as now, in turn",
                        base::counted(a.front().trials.size(), "trial"), b.front().trials.size())};
      lost = a.size() == 1 ? "other " + lost : "no trial passed";
    }
    return {check::confirm(suspicions_, suspicion_.baseline.cell, b.front(), gate_),
            fmt::format("{} beside the baseline's{}",
                        base::counted(b.front().trials.size(), "new trial"),
                        lost.empty() ? "" : " (which cannot be run again: " + lost + ")"),
            is_same()};
  }

  const Suspicion& suspicion_;
  const std::vector<check::Finding> suspicions_ = check::suspicions(suspicion_.judgement);
  const check::GateOptions& gate_;
  const TrialOptions& options_;
  const std::string run_;
  const std::size_t trials_;
  std::optional<Side> a_;
  Side b_;
  std::string why_not_a_;
};

}  // namespace

bool is_same_work(scenario::TrialPlan one, scenario::TrialPlan other) {
  for (scenario::TrialPlan* plan : {&one, &other}) {
    plan->name.clear();
    plan->cell.clear();
    plan->repeat = plan->repeats = 1;
    plan->warmup = false;
    plan->timeouts = {};
    plan->expect.clear();
    plan->settings.kernel.clear();
    plan->settings.exact = {};
    for (scenario::Step& step : plan->steps) step.timeout = {};
  }
  return one == other;
}

ConfirmedOrNot confirm(const Suspicion& suspicion, const check::GateOptions& gate,
                       const TrialOptions& options) {
  return Confirmer(suspicion, gate, options).run();
}

}  // namespace lab::cli
