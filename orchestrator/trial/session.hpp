// SPDX-License-Identifier: MIT
// One running guest: its console, its reader and its counters, all watched together while lab
// waits for one of them.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/reader_protocol.hpp"

namespace lab::trial {

// Why a trial did not go on: a result, not an exception.
struct Problem {
  record::Outcome outcome;
  std::string message;
};

using Deadline = std::chrono::steady_clock::time_point;

// Reads the guest's counters from the host's side; nullopt where they cannot be read (yet).
using HostReader = std::function<std::optional<exits::HostStats>()>;

class Session {
 public:
  // `domain` is paused; it must outlive the session. `on_sample` gets the total about twice a
  // second.
  Session(guest::Domain& domain, guest::Console console, guest::LineChannel reader,
          HostReader host_reader, std::function<void(std::uint64_t)> on_sample);

  // The reader's next message. A problem where the guest panics, ends, breaks the protocol or
  // does not answer before the deadline (`what` says what was waited for). Throws Error
  // (interrupted) when the user stops lab.
  std::optional<ReaderMessage> wait(Deadline deadline, const std::string& what);

  // Asks the reader to run a command. A problem where the reader takes no more requests.
  bool send(const std::string& request);

  const std::optional<Problem>& problem() const { return problem_; }
  const std::string& console_tail() const { return console_.tail(); }

 private:
  std::optional<ReaderMessage> next_message();
  void poll_once();
  void read_all();
  void check_guest();
  void sample();
  void fail(record::Outcome outcome, const std::string& message);

  guest::Domain& domain_;
  guest::Console console_;
  guest::LineChannel reader_;
  HostReader host_reader_;
  std::function<void(std::uint64_t)> on_sample_;
  std::optional<Problem> problem_;
  bool console_open_ = true, reader_open_ = true;
  std::chrono::steady_clock::time_point next_sample_{}, next_check_{};
};

}  // namespace lab::trial
