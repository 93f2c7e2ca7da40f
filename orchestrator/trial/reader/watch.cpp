// SPDX-License-Identifier: MIT
#include "orchestrator/trial/reader/watch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/process/interrupt.hpp"

namespace lab::trial {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds check_interval{250};
constexpr milliseconds longest_wait{100};  // also between two looks for an interrupt

int milliseconds_until(Deadline when) {
  const auto now = steady_clock::now();
  if (when <= now) return 0;
  const auto wait = std::chrono::ceil<milliseconds>(std::min(when, now + longest_wait) - now);
  return static_cast<int>(wait.count());
}

}  // namespace

bool Watch::until(const std::function<bool()>& done, Deadline deadline, const std::string& what) {
  while (!problem()) {
    if (done()) return true;
    if (problem()) break;
    base::throw_if_interrupted();
    if (steady_clock::now() > deadline) {
      timed_out_ = Problem{record::Outcome::timed_out, "time limit: " + what};
      break;
    }
    poll_once(deadline);
  }
  return false;
}

bool Watch::idle(milliseconds duration) {
  const Deadline end = steady_clock::now() + duration;
  while (!problem()) {
    for (Session* session : sessions_)
      if (const auto message = session->next_message()) session->refuse(*message);
    if (problem()) break;
    base::throw_if_interrupted();
    if (steady_clock::now() >= end) return true;
    poll_once(end);
  }
  return false;
}

void Watch::poll_once(Deadline latest) {
  std::vector<pollfd> descriptors;
  for (const Session* session : sessions_) session->add_descriptors(descriptors);
  const int wait = milliseconds_until(std::min({latest, next_regular_, next_check_}));
  ::poll(descriptors.data(), descriptors.size(), wait);
  for (Session* session : sessions_) session->read();
  if (steady_clock::now() >= next_regular_) next_regular_ = regularly_();
  const auto now = steady_clock::now();
  if (now < next_check_) return;
  next_check_ = now + check_interval;
  for (Session* session : sessions_) session->check();
}

std::optional<Problem> Watch::problem() const {
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    const std::optional<Problem>& problem = sessions_[i]->problem();
    if (!problem) continue;
    if (sessions_.size() == 1) return problem;
    return Problem{problem->outcome, fmt::format("guest {}: {}", i + 1, problem->message)};
  }
  return timed_out_;
}

}  // namespace lab::trial
