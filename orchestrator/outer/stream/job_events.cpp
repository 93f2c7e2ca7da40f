// SPDX-License-Identifier: MIT
#include "orchestrator/outer/stream/job_events.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/inside/machine/capabilities.hpp"

namespace lab::outer {
using trial::Event;
namespace fs = std::filesystem;
namespace {

// Returns whether the name is the SHA-256 of the emulator's path, and ".xml".
bool is_proper(const std::string& name) {
  return name.size() == 68 && name.ends_with(".xml") &&
         std::all_of(name.begin(), name.end() - 4,
                     [](char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f'); });
}

}  // namespace

fs::path kept_capabilities(const base::Folders& folders, const OuterImage& image,
                           const inside::Job& job) {
  if (inside::has_own_clock(job)) return {};
  const std::size_t colon = image.digest.find(':');
  return folders.cache / "capabilities" /
         (std::string(job.site->name) + "-" + image.digest.substr(colon + 1, 16));
}

void keep_capabilities(const fs::path& folder, const trial::Capabilities& came) {
  if (!is_proper(came.file) || came.text.size() >= inside::most_capabilities_bytes) return;
  fs::create_directories(folder);
  base::write_file(folder / came.file, came.text);
}

JobEvents::JobEvents(const trial::Sink& sink, const inside::Job& job, record::Conditions outside)
    : sink_(sink),
      capabilities_(job.capabilities),
      outside_(std::move(outside)),
      own_clock_(inside::has_own_clock(job)) {}

bool JobEvents::take(const std::string& line) {
  Event event = trial::event_from_json(line);
  if (event.is<trial::End>()) return true;
  if (const auto* error = event.get<base::Error>())
    failure_.emplace(error->kind(), std::string("in the outer VM: ") + error->what(),
                     error->hint());
  else if (const auto* capabilities = event.get<trial::Capabilities>())
    keep_capabilities(capabilities_, *capabilities);
  else
    pass_on(std::move(event));
  return false;
}

void JobEvents::throw_failure() const {
  if (failure_) throw base::Error(*failure_);
}

void JobEvents::pass_on(Event event) {
  if (const auto* begun = event.get<trial::PhaseBegun>()) take_phase(event.trial, begun->phase);
  if (auto* record = std::get_if<record::Record>(&event.what)) amend(*record);
  sink_(event);
}

void JobEvents::take_phase(const std::string& trial, const record::Phase& phase) {
  if (trial != trial_) {
    trial_ = trial;
    trial_began_ = std::chrono::system_clock::now();
    trial_watch_.restart();
    timings_.clear();
  } else {
    timings_.push_back({phase_, phase_watch_.seconds()});
  }
  phase_ = phase;
  phase_watch_.restart();
}

void JobEvents::amend(record::Record& record) {
  for (const auto& [key, value] : outside_) record.conditions[key] = value;
  if (own_clock_) tell_our_time(record);
}

// Sets the trial's start, id and durations by this machine, as the outer VM's clock and random
// numbers are the same at each run.
void JobEvents::tell_our_time(record::Record& record) {
  record.start_time = trial_began_;
  record.id = record::make_id(trial_began_, std::random_device{}());
  record.conditions[std::string(record::condition::start_time)] = record::format_time(trial_began_);
  timings_.push_back({phase_, phase_watch_.seconds()});
  timings_.push_back({{record::Phase::Kind::trial}, trial_watch_.seconds()});
  record.timings = timings_;
}

}  // namespace lab::outer
