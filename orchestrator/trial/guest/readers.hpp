// SPDX-License-Identifier: MIT
// Sends requests to the readers in all guests at once and takes their answers as they come.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/trial/guest/guest_run.hpp"
#include "orchestrator/trial/reader/watch.hpp"

namespace lab::trial {

using Guests = std::vector<std::unique_ptr<GuestRun>>;

// All return false where a guest has a problem or time runs out, which is the watch's problem().
class Readers {
 public:
  Readers(TrialState& state, const Guests& guests, Watch& watch)
      : state_(state), guests_(guests), watch_(watch) {}

  bool send(const std::string& request);

  // Waits for a message of this kind, with the id of the last request, from every guest, and hands
  // over each as it comes. Any other message is a problem. `what` is for the time limit's message.
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
