// SPDX-License-Identifier: MIT
// All guests of a trial watched together while lab waits for something of one of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/trial/reader/session.hpp"

namespace lab::trial {

class Watch {
 public:
  // Called when the time has come that its last call returned. Not called again after `never`.
  using Regularly = std::function<Deadline()>;
  static constexpr Deadline never = Deadline::max();

  // The sessions must outlive it. With several, problems are told with their guest's number.
  Watch(std::vector<Session*> sessions, Regularly regularly)
      : sessions_(std::move(sessions)), regularly_(std::move(regularly)) {}

  // Until `done` says so; it is asked whenever something may have changed. False where a guest
  // has a problem, or the deadline passes (`what` says what was waited for): problem() says it.
  // Throws Error (interrupted) when the user stops lab.
  bool until(const std::function<bool()>& done, Deadline deadline, const std::string& what);

  // Lets the guests do for so long what they do. A message of a reader is a problem then.
  bool idle(std::chrono::milliseconds duration);

  std::optional<Problem> problem() const;

 private:
  void poll_once(Deadline deadline);

  std::vector<Session*> sessions_;
  Regularly regularly_;
  std::optional<Problem> timed_out_;
  Deadline next_regular_{}, next_check_{};
};

}  // namespace lab::trial
