// SPDX-License-Identifier: MIT
#include "orchestrator/site/job_events.hpp"

#include <random>

#include "orchestrator/site/capabilities.hpp"

namespace lab::site {
using trial::Event;

JobEvents::JobEvents(OuterKind kind, const trial::Sink& sink, const Job& job)
    : sink_(sink),
      capabilities_(job.capabilities),
      own_clock_(kind == OuterKind::vmx || job.exact) {}

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
  if (event.kind == Event::Kind::record && own_clock_) event.text = with_our_time(event.text);
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

// The machine's clock shows the same at each run, and its random numbers are the same: when a trial
// was, which it was, and how long one waited for it, is told by this machine's.
std::string JobEvents::with_our_time(const std::string& text) {
  record::Record record = record::from_json(text);
  record.start_time = trial_began_;
  record.id = record::make_id(trial_began_, std::random_device{}());
  record.conditions[std::string(record::condition::start_time)] = record::format_time(trial_began_);
  timings_.emplace_back(phase_, phase_watch_.seconds());
  timings_.emplace_back("trial", trial_watch_.seconds());
  record.timings = timings_;
  return record::to_json(record);
}

}  // namespace lab::site
