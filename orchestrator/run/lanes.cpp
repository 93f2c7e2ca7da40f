// SPDX-License-Identifier: MIT
#include "orchestrator/run/lanes.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <thread>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/record/counts.hpp"

namespace lab::run {
namespace {

using trial::Event;

// Ends a job whose next trial must not begin.
struct Stopped {};

using Plans = std::vector<scenario::TrialPlan>;

// Groups the plans that must run in one outer VM in a row: a cell's trials after its warm-ups.
std::vector<Plans> together(const Plans& plans) {
  std::vector<Plans> groups;
  for (const scenario::TrialPlan& plan : plans) {
    const bool belongs =
        !groups.empty() && groups.back().front().warmup &&
        record::cell_name(groups.back().front().name) == record::cell_name(plan.name);
    if (!belongs) groups.emplace_back();
    groups.back().push_back(plan);
  }
  return groups;
}

std::size_t trials_in(const std::vector<Plans>& groups) {
  std::size_t trials = 0;
  for (const Plans& group : groups) trials += group.size();
  return trials;
}

// Returns the plans that another outer VM can run when a job's first `done` trials are over. Trials
// after a warm-up that was begun are left out.
Plans remaining_plans(const Plans& plans, std::size_t done) {
  Plans left;
  std::size_t seen = 0;
  for (const Plans& group : together(plans)) {
    const bool begun = seen < done;
    for (const scenario::TrialPlan& plan : group)
      if (seen++ >= done && !(begun && group.front().warmup)) left.push_back(plan);
  }
  return left;
}

std::size_t count_trials(const std::vector<OuterJob>& jobs) {
  std::size_t trials = 0;
  for (const OuterJob& outer : jobs) trials += outer.job.plans.size();
  return trials;
}

}  // namespace

unsigned lanes_for(unsigned wanted, unsigned processors, std::uint64_t available_mib,
                   std::uint64_t outer_mib) {
  constexpr std::uint64_t emulator = 256;  // MiB: QEMU's or Bochs' own
  const std::uint64_t fitting = available_mib / (outer_mib + emulator);
  std::uint64_t lanes = std::min<std::uint64_t>(std::max(processors, 1u), fitting);
  if (wanted > 0) lanes = std::min<std::uint64_t>(lanes, wanted);
  return static_cast<unsigned>(std::max<std::uint64_t>(lanes, 1));
}

unsigned lanes_for_jobs(unsigned wanted, const std::vector<OuterJob>& jobs,
                        const std::filesystem::path& root) {
  if (wanted == 1) return 1;
  std::uint64_t largest = 0;
  for (const OuterJob& outer : jobs)
    largest = std::max(largest, outer::outer_memory_mib(outer.job));
  const std::size_t trials = count_trials(jobs);
  const unsigned processors = base::available_processors(root);
  const std::uint64_t available = base::available_memory_mib(root);
  const unsigned lanes = lanes_for(wanted, processors, available, largest);
  if (lanes < std::min<std::size_t>(wanted, trials))
    spdlog::warn(
        "-j {}: {} at once, for lab may use {} processors and {} MiB here, of which an outer VM "
        "keeps one busy and may take {}",
        wanted, lanes, processors, available, largest);
  return static_cast<unsigned>(std::min<std::size_t>(lanes, trials));
}

std::vector<OuterJob> share_out(std::vector<OuterJob> jobs, unsigned lanes) {
  const std::size_t most = std::max<std::size_t>((count_trials(jobs) + lanes - 1) / lanes, 1);
  std::vector<OuterJob> parts;
  for (OuterJob& outer : jobs) {
    const std::vector<Plans> inseparable = together(std::exchange(outer.job.plans, {}));
    const std::size_t count =
                          std::min((trials_in(inseparable) + most - 1) / most, inseparable.size()),
                      first = parts.size();
    parts.insert(parts.end(), count, outer);
    for (std::size_t i = 0; i < inseparable.size(); ++i)
      std::ranges::copy(inseparable[i], std::back_inserter(parts[first + i % count].job.plans));
  }
  return parts;
}

Lanes::Lanes(std::vector<OuterJob> jobs, RunJob run_job, Question stop_early, trial::Sink sink)
    : waiting_(std::move(jobs)),
      run_job_(std::move(run_job)),
      stop_early_(std::move(stop_early)),
      sink_(std::move(sink)) {
  std::ranges::reverse(waiting_);
}

void Lanes::run(unsigned count) {
  count = static_cast<unsigned>(std::min<std::size_t>(count, waiting_.size()));
  {
    std::vector<std::jthread> others;
    for (unsigned lane = 2; lane <= count; ++lane)
      others.emplace_back([this, lane] { work(lane); });
    work(1);
  }
  if (failure_) std::rethrow_exception(failure_);
}

void Lanes::work(unsigned lane) {
  while (auto outer = next()) {
    Part part{.outer = std::move(*outer)};
    run_part(part, lane);
  }
  const std::lock_guard lock(mutex_);
  sink_({.what = trial::End(), .lane = lane});
}

std::optional<OuterJob> Lanes::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() || interrupted_ || stop_early_()) return std::nullopt;
  OuterJob outer = std::move(waiting_.back());
  waiting_.pop_back();
  return outer;
}

void Lanes::run_part(Part& part, unsigned lane) {
  try {
    run_job_(part.outer, [&](Event event) {
      event.lane = lane;
      take(part, event);
    });
  } catch (const Stopped&) {
  } catch (const std::exception& error) {
    note_failure(error, part, lane);
  }
}

void Lanes::take(Part& part, const Event& event) {
  const std::lock_guard lock(mutex_);
  if (interrupted_) throw Stopped();
  if (event.is<trial::PhaseBegun>() && !event.trial.empty() && !part.in_trial) {
    if (stop_early_()) throw Stopped();
    part.in_trial = true;
  }
  try {
    sink_(event);
  } catch (...) {
    // The results cannot be processed, which is not a failure of the outer VM.
    failure_ = std::current_exception();
    interrupted_ = true;
    throw Stopped();
  }
  if (!event.is<record::Record>()) return;
  part.in_trial = false;
  ++part.recorded;
}

void Lanes::note_failure(const std::exception& error, Part& part, unsigned lane) {
  const std::lock_guard lock(mutex_);
  const auto* known = dynamic_cast<const base::Error*>(&error);
  const bool stop = known != nullptr && known->kind() == base::ErrorKind::interrupted;
  if (stop || !failure_) failure_ = std::current_exception();
  interrupted_ |= stop;
  if (stop) return;
  auto& plans = part.outer.job.plans;
  sink_({.trial = part.in_trial ? plans[part.recorded].name : "",
         .what = known != nullptr ? *known : base::infrastructure_error(error.what()),
         .lane = lane});
  const std::size_t begun = part.recorded + (part.in_trial ? 1 : 0);
  if (begun == 0) return;
  plans = remaining_plans(plans, begun);
  if (!plans.empty()) waiting_.push_back(std::move(part.outer));
}

}  // namespace lab::run
