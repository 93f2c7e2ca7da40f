// SPDX-License-Identifier: MIT
// Is lab run's side of one lane: its process and its output. Waits only for the process's end.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/piped_process.hpp"
#include "orchestrator/lane/protocol/lines.hpp"
#include "orchestrator/lane/protocol/protocol.hpp"

namespace lab::lane {

// Says that a lane must not be tried again, as it runs another lab.
struct Refused : base::Error {
  using base::Error::Error;
};

class Peer {
 public:
  // Throws Error (infrastructure) where the command cannot be started.
  Peer(const base::Command& command, Greeting ours, double silence = usual_silence);

  double seconds() const { return started_.seconds(); }  // since it was started
  // Returns the error for which a lane is left out that has not greeted within `limit` seconds;
  // nullopt while it may still wait. `limit` 0: it may wait for ever, as in a scheduler's queue.
  std::optional<base::Error> too_late(double limit) const;
  // Absent until it has greeted.
  const std::optional<Greeting>& greeting() const { return greeting_; }

  // Sends the lane a piece of work, which must end within `limit` seconds.
  void give(const Work& work, double limit);
  bool working() const { return limit_.has_value(); }
  // Returns whether step() is due although no data arrived.
  bool overdue() const { return stepped_.seconds() > (closed_ ? 0.1 : 1); }

  // Adds the descriptors to wait for, at most three.
  void add_to(std::vector<pollfd>& fds) const;
  // Sends and reads without waiting, and hands over the events of its work, an end last. Throws
  // Error (infrastructure) where it has ended, is silent or breaks the protocol; Error (timed_out)
  // where the work takes too long; Refused where it runs another lab.
  void step(const trial::Sink& take);

  // Ends it within a time limit and returns true once it has ended; does not wait.
  bool ending() { return process_.ending(); }
  // Asks it to end now, whatever it is doing.
  void end() { process_.end(); }

 private:
  void take_line(const std::string& line, const trial::Sink& take);
  void greet(const std::string& line);
  void check_alive();

  base::PipedProcess process_;
  base::Fd output_;
  Greeting ours_;
  Lines lines_{trial::max_event_bytes};
  std::optional<Greeting> greeting_;
  double silence_;
  base::Stopwatch started_, heard_, said_, given_, stepped_;
  std::optional<double> limit_;  // of the present work
  std::uint64_t bytes_ = 0;      // of the present work's answer
  std::optional<base::Stopwatch> closed_;
};

// Keeps lanes that were asked to end, while they still take down an outer VM.
class Endings {
 public:
  ~Endings() { wait(); }

  void add(std::unique_ptr<Peer> peer) { peers_.push_back(std::move(peer)); }
  // Forgets the lanes that have ended; does not wait.
  void look();
  // Waits until the last lane has ended; each has a time limit (Peer::ending).
  void wait();

 private:
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace lab::lane
