// SPDX-License-Identifier: MIT
#include "orchestrator/site/lanes.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "orchestrator/base/error.hpp"

namespace lab::site {
namespace {

using trial::Event;

// Thrown through a job whose next trial is not to begin.
struct Stopped {};

std::size_t trials_of(const std::vector<OuterJob>& jobs) {
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

std::vector<OuterJob> share_out(std::vector<OuterJob> jobs, unsigned lanes) {
  const std::size_t most = (trials_of(jobs) + lanes - 1) / lanes;
  std::vector<OuterJob> parts;
  for (OuterJob& outer : jobs) {
    const std::vector<scenario::TrialPlan> plans = std::exchange(outer.job.plans, {});
    const std::size_t count = (plans.size() + most - 1) / most, first = parts.size();
    parts.insert(parts.end(), count, outer);
    for (std::size_t i = 0; i < plans.size(); ++i)
      parts[first + i % count].job.plans.push_back(plans[i]);
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
  sink_({.kind = Event::Kind::end, .lane = lane});
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
      take(part, std::move(event));
    });
  } catch (const Stopped&) {
  } catch (const std::exception& error) {
    note_failure(error, part);
  }
}

void Lanes::take(Part& part, Event event) {
  const std::lock_guard lock(mutex_);
  if (event.kind == Event::Kind::phase && !event.trial.empty() && !part.in_trial) {
    if (stop_early_()) throw Stopped();
    part.in_trial = true;
  }
  sink_(event);
  if (event.kind != Event::Kind::record) return;
  part.in_trial = false;
  ++part.recorded;
}

void Lanes::note_failure(const std::exception& error, Part& part) {
  const std::lock_guard lock(mutex_);
  const auto* known = dynamic_cast<const base::Error*>(&error);
  const bool stop = known != nullptr && known->kind() == base::ErrorKind::interrupted;
  if (failure_ && !stop && !interrupted_) spdlog::error("{}", error.what());
  if (!failure_ || stop) failure_ = std::current_exception();
  interrupted_ |= stop;
  auto& plans = part.outer.job.plans;
  const std::size_t began = part.recorded + (part.in_trial ? 1 : 0);
  if (began == 0 || began >= plans.size()) return;
  plans.erase(plans.begin(), plans.begin() + static_cast<std::ptrdiff_t>(began));
  waiting_.push_back(std::move(part.outer));
}

}  // namespace lab::site
