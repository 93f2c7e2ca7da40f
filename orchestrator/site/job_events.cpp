// SPDX-License-Identifier: MIT
#include "orchestrator/site/job_events.hpp"

#include <random>
#include <utility>

#include "orchestrator/site/capabilities.hpp"

namespace lab::site {
using trial::Event;

bool has_own_clock(OuterKind kind, const Job& job) {
  return kind == OuterKind::vmx || job.exact;
}

JobEvents::JobEvents(OuterKind kind, const trial::Sink& sink, const Job& job,
                     record::Conditions surroundings)
    : sink_(sink),
      capabilities_(job.capabilities),
      surroundings_(std::move(surroundings)),
      own_clock_(has_own_clock(kind, job)) {}

bool JobEvents::take(const std::string& line) {
  const Event event = trial::event_from_json(line);
  switch (event.kind) {
    case Event::Kind::end:
      return true;
    case Event::Kind::error:
      failure_.emplace(event.error_kind, "in the outer VM: " + event.text, event.hint);
      break;
    case Event::Kind::capabilities:
      keep_capabilities(capabilities_, event);
      break;
    default:
      pass_on(event);
  }
  return false;
}

void JobEvents::throw_failure() const {
  if (failure_) throw base::Error(*failure_);
}

void JobEvents::pass_on(Event event) {
  if (event.kind == Event::Kind::phase) take_phase(event);
  if (event.kind == Event::Kind::record) event.text = amended(event.text);
  sink_(event);
}

void JobEvents::take_phase(const Event& event) {
  if (event.trial != trial_) {
    trial_ = event.trial;
    trial_began_ = std::chrono::system_clock::now();
    trial_watch_.restart();
    timings_.clear();
  } else {
    timings_.emplace_back(phase_, phase_watch_.seconds());
  }
  const std::string step = "step ";
  phase_ = event.text.starts_with(step) ? event.text.substr(step.size()) : event.text;
  phase_watch_.restart();
}

std::string JobEvents::amended(const std::string& text) {
  if (!own_clock_ && surroundings_.empty()) return text;
  record::Record record = record::from_json(text);
  for (const auto& [key, value] : surroundings_) record.conditions[key] = value;
  if (own_clock_) tell_our_time(record);
  return record::to_json(record);
}

// The machine's clock shows the same at each run, and its random numbers are the same: when a trial
// was, which it was, and how long one waited for it, is told by this machine's.
void JobEvents::tell_our_time(record::Record& record) {
  record.start_time = trial_began_;
  record.id = record::make_id(trial_began_, std::random_device{}());
  record.conditions[std::string(record::condition::start_time)] = record::format_time(trial_began_);
  timings_.emplace_back(phase_, phase_watch_.seconds());
  timings_.emplace_back("trial", trial_watch_.seconds());
  record.timings = timings_;
}

}  // namespace lab::site
