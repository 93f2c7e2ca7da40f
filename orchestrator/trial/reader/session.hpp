// SPDX-License-Identifier: MIT
// The streams of one running guest: its console and its reader; and whether it is still well.
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

// Why a trial did not go on: a result, not an exception.
struct Problem {
  record::Outcome outcome;
  std::string message;
};

using Deadline = std::chrono::steady_clock::time_point;

class Session {
 public:
  // False when the guest has ended. May throw Error.
  using Alive = std::function<bool()>;
  using OnMark = std::function<void(Mark)>;

  // Reads at most `max_bytes` of the reader, all in all.
  Session(Alive alive, base::Fd console, base::Fd reader, std::uint64_t max_bytes, OnMark on_mark);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void add_descriptors(std::vector<pollfd>& descriptors) const;
  void read();   // what is there
  void check();  // a problem where the guest panicked, or ended without being let

  // The reader's next message; an answer of several lines as one message, when all of it is there.
  // A problem where it is none, or says that the reader has one.
  std::optional<ReaderMessage> next_message();
  // A message that nothing asked for: a problem, too.
  void refuse(const ReaderMessage& message);
  // Sends a request. A problem where the reader takes no more.
  bool send(std::string_view request);

  // From now on the console's marks are those of a new boot; `again`: a reboot.
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
