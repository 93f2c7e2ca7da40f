// SPDX-License-Identifier: MIT
// Watches all guests of a trial together while lab waits for one of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/trial/reader/session.hpp"

namespace lab::trial {

class Watch {
 public:
  // Is called at the time that its last call returned, and never again after it returned `never`.
  using Regularly = std::function<Deadline()>;
  static constexpr Deadline never = Deadline::max();

  // The sessions must outlive it. With several, a problem's message names its guest.
  Watch(std::vector<Session*> sessions, Regularly regularly)
      : sessions_(std::move(sessions)), regularly_(std::move(regularly)) {}

  // Waits until `done` returns true; calls it whenever something may have changed. Returns false
  // where a guest has a problem, or the deadline passes (`what` names what was awaited): problem()
  // returns it. Throws Error (interrupted) when the user stops lab.
  bool until(const std::function<bool()>& done, Deadline deadline, const std::string& what);

  // Lets the guests run on for this time. Any message from a reader is a problem meanwhile.
  bool idle(std::chrono::milliseconds duration);

  std::optional<Problem> problem() const;

 private:
  // Returns when something happened, and at this time at the latest.
  void poll_once(Deadline latest);

  std::vector<Session*> sessions_;
  Regularly regularly_;
  std::optional<Problem> timed_out_;
  Deadline next_regular_{}, next_check_{};
};

}  // namespace lab::trial
