// SPDX-License-Identifier: MIT
// The readers in all guests of a trial, asked at the same time and heard as they answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/trial/guest/guest_run.hpp"
#include "orchestrator/trial/reader/watch.hpp"

namespace lab::trial {

using Guests = std::vector<std::unique_ptr<GuestRun>>;

// All return false where a guest has a problem, or time is over: the watch says it.
class Readers {
 public:
  Readers(TrialState& state, const Guests& guests, Watch& watch)
      : state_(state), guests_(guests), watch_(watch) {}

  bool send(const std::string& request);

  // A message of this kind, and with the id of the last request, from every guest; each is handed
  // over as it comes. Any other message is a problem. `what`: for the time limit's message.
  using Handler = std::function<void(GuestRun&, const ReaderMessage&)>;
  bool await(ReaderMessage::Kind kind, Deadline deadline, const std::string& what,
             const Handler& handler);

  bool snapshot(Deadline deadline, const std::string& what, const Handler& handler);

 private:
  TrialState& state_;
  const Guests& guests_;
  Watch& watch_;
};

}  // namespace lab::trial
