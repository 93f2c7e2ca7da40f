// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observer.hpp"

#include "orchestrator/base/error.hpp"

namespace lab::trial {
namespace {

using std::chrono::steady_clock;

// Is also the sign of life that a site without other news waits for.
constexpr std::chrono::milliseconds event_interval{500};
constexpr unsigned events_a_reasons = 2;  // one of so many has the reasons

ExitsByNumber sum_guests(const std::vector<ExitsByNumber>& guests) {
  ExitsByNumber sums;
  for (const ExitsByNumber& guest : guests)
    for (const auto& [number, exits] : guest) sums[number] += exits;
  return sums;
}

// Sums the reasons in all texts of exit_stats; returns none where one text is missing.
std::vector<Sample::Reason> reasons_in(const std::vector<std::string>& texts) {
  std::map<std::uint32_t, Sample::Reason> sums;
  for (const std::string& text : texts) {
    if (text.empty()) return {};
    for (const exits::HostReason& reason : exits::parse_host_stats(text).reasons) {
      if (reason.exits == 0) continue;
      Sample::Reason& sum =
          sums.try_emplace(reason.number, Sample::Reason{reason.number}).first->second;
      sum.exits += reason.exits;
      sum.cycles += reason.cycles;
    }
  }
  std::vector<Sample::Reason> reasons;
  for (const auto& [number, sum] : sums) reasons.push_back(sum);
  return reasons;
}

}  // namespace

Observer::Observer(TrialState& state, const Guests& guests) : state_(state), guests_(guests) {
  for (const auto& guest : guests) last_.push_back(exits_by_number(guest->created()));
  texts_.resize(guests.size());
  state_.sampler.start(sum_guests(last_));
}

Deadline Observer::act() {
  const double seconds = state_.since_start.seconds();
  if (seconds >= state_.sampler.next()) sample(seconds);
  const auto now = steady_clock::now();
  if (now >= next_event_) {
    next_event_ = now + event_interval;
    report();
  }
  const double wait = std::min(1.0, state_.sampler.next() - state_.since_start.seconds());
  const auto until_sample = std::chrono::duration<double>(std::max(wait, 0.0));
  return std::min(next_event_, now + std::chrono::ceil<steady_clock::duration>(until_sample));
}

void Observer::sample(double seconds) {
  for (std::size_t i = 0; i < guests_.size(); ++i) {
    try {
      ExitsByNumber counts;
      std::string text = guests_[i]->counters().text();
      add_exits(text, counts);
      if (counts.empty()) continue;
      last_[i] = std::move(counts);
      texts_[i] = std::move(text);
    } catch (const base::Error&) {
      // A VM that has just ended does not make the sample fail.
    }
  }
  state_.sampler.take(seconds, sum_guests(last_));
}

void Observer::report() {
  const record::Conditions& conditions = state_.context.conditions;
  Sample sample{.vendor = record::recorded_vendor(conditions),
                .emulated = record::is_emulated(conditions)};
  for (const ExitsByNumber& guest : last_)
    for (const auto& [number, exits] : guest) sample.exits += exits;
  try {
    if (events_++ % events_a_reasons == 0) {
      sample.reasons = reasons_in(texts_);
      read_causes();
      if (causes_.leading().exits > 0) sample.causes = causes_.leading();
    }
  } catch (const base::Error&) {
    // No count depends on it.
  }
  state_.context.sink({.trial = state_.plan.name, .what = std::move(sample)});
}

void Observer::read_causes() {
  const auto begin = LiveCauses::Clock::now();
  if (!causes_.due(begin)) return;
  std::map<std::string, exits::HostCauses> guests;
  for (std::size_t i = 0; i < guests_.size(); ++i)
    if (guests_[i]->causes().wanted())
      guests[std::to_string(i)] = guests_[i]->counters().read_causes();
  causes_.take(guests);
  causes_.has_read(begin, LiveCauses::Clock::now());
}

}  // namespace lab::trial
