// SPDX-License-Identifier: MIT
// Reads the streams of one running guest, its console and its reader, and detects its problems.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/guest/channel.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/trial/observe/milestones.hpp"
#include "orchestrator/trial/reader/reader_protocol.hpp"

namespace lab::trial {

// Says why a trial did not go on; it is a result, not an exception.
struct Problem {
  record::Outcome outcome;
  std::string message;
};

using Deadline = std::chrono::steady_clock::time_point;

class Session {
 public:
  // Returns false when the guest has ended. May throw Error.
  using Alive = std::function<bool()>;
  using OnMark = std::function<void(Mark)>;

  // Reads at most `max_bytes` from the reader in total.
  Session(Alive alive, base::Fd console, base::Fd reader, std::uint64_t max_bytes, OnMark on_mark);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void add_descriptors(std::vector<pollfd>& descriptors) const;
  void read();   // what is available
  void check();  // sets a problem where the guest panicked, or ended unasked

  // Returns the reader's next message; an answer of several lines is one message, once it is
  // complete. Sets a problem where the line is no message, or where the reader reports an error.
  std::optional<ReaderMessage> next_message();
  // Sets a problem for a message that no request caused.
  void refuse(const ReaderMessage& message);
  // Sends a request. Sets a problem where the reader does not accept it.
  bool send(std::string_view request);

  // Begins a new boot, to which the console's marks belong from now on; `again` means a reboot.
  void begin_boot(const std::string& pattern, bool again) { marks_.begin(pattern, again); }
  bool seen(Mark mark) const { return marks_.seen(mark); }

  void let_end() { may_end_ = true; }
  bool may_end() const { return may_end_; }
  bool ended() const { return ended_; }

  void fail(record::Outcome outcome, const std::string& message);
  const std::optional<Problem>& problem() const { return problem_; }
  const std::string& console_tail() const { return console_.tail(); }

 private:
  Alive alive_;
  OnMark on_mark_;
  ConsoleMarks marks_;
  guest::Console console_;
  guest::LineChannel reader_;
  SymbolLines symbols_;
  std::optional<Problem> problem_;
  bool console_open_ = true, reader_open_ = true;
  bool may_end_ = false, ended_ = false;
};

}  // namespace lab::trial
