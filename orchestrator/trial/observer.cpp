// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observer.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::trial {
namespace {

using std::chrono::steady_clock;

// Also the sign of life that a site without other news waits for.
constexpr std::chrono::milliseconds event_interval{500};

ExitsByNumber by_number(const exits::Counts& counts) {
  ExitsByNumber map;
  for (const exits::ReasonCount& reason : counts.reasons) map[reason.number] = reason.exits;
  return map;
}

ExitsByNumber sum(const std::vector<ExitsByNumber>& guests) {
  ExitsByNumber sums;
  for (const ExitsByNumber& guest : guests)
    for (const auto& [number, exits] : guest) sums[number] += exits;
  return sums;
}

}  // namespace

Observer::Observer(TrialState& state, const Guests& guests) : state_(state), guests_(guests) {
  for (const auto& guest : guests) last_.push_back(by_number(guest->created()));
  state_.sampler.start(sum(last_));
}

Deadline Observer::act() {
  const double seconds = state_.since_start.seconds();
  if (seconds >= state_.sampler.next()) sample(seconds);
  const auto now = steady_clock::now();
  if (now >= next_event_) {
    next_event_ = now + event_interval;
    state_.context.sink({.kind = Event::Kind::sample, .trial = state_.plan.name, .exits = total()});
  }
  const double wait = std::min(1.0, state_.sampler.next() - state_.since_start.seconds());
  const auto until_sample = std::chrono::duration<double>(std::max(wait, 0.0));
  return std::min(next_event_, now + std::chrono::ceil<steady_clock::duration>(until_sample));
}

void Observer::sample(double seconds) {
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    try {
      ExitsByNumber counts;
      add_exits(base::read_file(guests_[i]->counters().folder() / "exit_stats"), counts);
      if (!counts.empty()) last_[i] = std::move(counts);
    } catch (const base::Error&) {
      // A VM that has just gone is no failure of the sample's.
    }
  }
  state_.sampler.take(seconds, sum(last_));
}

std::uint64_t Observer::total() const {
  std::uint64_t total = 0;
  for (const ExitsByNumber& guest : last_)
    for (const auto& [number, exits] : guest) total += exits;
  return total;
}

}  // namespace lab::trial
