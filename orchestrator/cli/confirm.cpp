// SPDX-License-Identifier: MIT
#include "orchestrator/cli/confirm.hpp"

#include <fmt/format.h>

#include "orchestrator/cli/output.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::cli {
namespace {

// The trial as the baseline's were, on the kernel that those had.
scenario::TrialPlan plan_of(const check::Entry& baseline) {
  scenario::TrialPlan plan = scenario::plan_from_json(baseline.plan);
  const auto kernel = baseline.cell.conditions.find(std::string(record::condition::outer_kernel));
  if (kernel != baseline.cell.conditions.end()) plan.settings.kernel = kernel->second;
  return plan;
}

// Runs one plan again and again, each time in an outer VM of its own.
class Side {
 public:
  Side(scenario::TrialPlan plan, const TrialOptions& options, std::string run)
      : plan_(std::move(plan)), options_(options), run_(std::move(run)) {
    plan_.expect.clear();  // these trials are for their counts
  }

  void run_one() {
    plan_.repeat = static_cast<std::uint32_t>(++trials_);
    plan_.name = fmt::format("{}#{}", record::cell_of(plan_.name), trials_);
    TrialRunner runner({plan_}, options_, run_);
    runner.run([](const auto&) {});
    runner.clear_progress();
    for (const record::Record& record : runner.records())
      counts_.push_back(record::counts_of(record));
  }

  // Empty where no trial has passed.
  std::vector<check::Cell> cells() const { return check::gather(counts_).cells; }

 private:
  scenario::TrialPlan plan_;
  const TrialOptions& options_;
  const std::string run_;
  std::size_t trials_ = 0;
  std::vector<record::TrialCounts> counts_;
};

// What the baseline's plan and kernel do not bring back ("" where they do): another image, say.
std::string lost(const check::Cell& again, const check::Cell& baseline) {
  const auto differences = check::differences(baseline.conditions, again.conditions);
  return differences.empty() ? "" : differences.front().key;
}

class Confirmer {
 public:
  Confirmer(const Suspicion& suspicion, const check::GateOptions& gate, const TrialOptions& options)
      : suspicion_(suspicion),
        gate_(gate),
        run_(std::string(check::confirmation_prefix) + suspicion.run),
        trials_(suspicion.judgement.comparison.exact
                    ? 1
                    : check::trials_needed(gate.alpha, suspicion.judgement.regressions.size())),
        b_(suspicion.plan, options, run_) {
    // Where nothing is known to differ, A and B would be the same.
    if (!suspicion.baseline.plan.empty() && !suspicion.judgement.comparison.conditions.empty())
      a_.emplace(plan_of(suspicion.baseline), options, run_);
  }

  ConfirmedOrNot run() {
    say(fmt::format("lab: {}: {} suspected; trying again\n",
                    report::printable(suspicion_.plan.name),
                    suspicion_.judgement.regressions.size()));
    for (std::size_t i = 0; i < trials_; ++i) run_pair(i % 2 == 0);
    return judge();
  }

 private:
  // A B, then B A, so that whatever drifts drifts over both alike.
  void run_pair(bool a_first) {
    if (a_ && a_first) a_->run_one();
    b_.run_one();
    if (a_ && !a_first) a_->run_one();
  }

  ConfirmedOrNot judge() const {
    const std::vector<check::Cell> b = b_.cells();
    const std::vector<check::Cell> a = a_ ? a_->cells() : std::vector<check::Cell>();
    if (b.size() != 1 || (a_ && a.size() != 1))
      return {{.cannot_tell = "the trials that should confirm it did not pass"}, ""};
    const std::string missing = a_ ? lost(a.front(), suspicion_.baseline.cell) : "";
    const bool with_a = a_ && missing.empty();
    const check::Cell& before = with_a ? a.front() : suspicion_.baseline.cell;
    std::string how = fmt::format("{} new trials beside the baseline's", b.front().trials.size());
    if (with_a)
      how = fmt::format("{} trials as the baseline's and {} as now, in turn", before.trials.size(),
                        b.front().trials.size());
    else if (a_)
      how += fmt::format(" (which cannot be run again: other {})", missing);
    return {check::confirm(suspicion_.judgement.regressions, before, b.front(), gate_), how};
  }

  const Suspicion& suspicion_;
  const check::GateOptions& gate_;
  const std::string run_;
  const std::size_t trials_;
  std::optional<Side> a_;
  Side b_;
};

}  // namespace

ConfirmedOrNot confirm(const Suspicion& suspicion, const check::GateOptions& gate,
                       const TrialOptions& options) {
  return Confirmer(suspicion, gate, options).run();
}

}  // namespace lab::cli
