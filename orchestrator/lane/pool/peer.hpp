// SPDX-License-Identifier: MIT
// lab run's side of one lane: its process, and what it says. Nothing here waits, but for its end.
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

// A lane that is not to be tried again: another lab's.
struct Refused : base::Error {
  using base::Error::Error;
};

class Peer {
 public:
  // Error (infrastructure) where the command cannot be started.
  Peer(const base::Command& command, Greeting ours, double silence = usual_silence);

  double seconds() const { return started_.seconds(); }  // since it was started
  // Absent until it has greeted.
  const std::optional<Greeting>& greeting() const { return greeting_; }

  // Sends it a piece of work, to be over within `limit` seconds.
  void give(const Work& work, double limit);
  bool working() const { return limit_.has_value(); }
  // Whether it is time for a step although nothing came.
  bool overdue() const { return stepped_.seconds() > (closed_ ? 0.1 : 1); }

  // What to wait for; at most three.
  void add_to(std::vector<pollfd>& fds) const;
  // Sends and reads what is possible, and hands over the events of its work, an end last. Error
  // (infrastructure) where it has ended, is silent, or says what no lane says; Error (timed_out)
  // where the work is not over in time; Refused.
  void step(const trial::Sink& take);

  // Ends it in time, then returns true; does not wait.
  bool ending() { return process_.ending(); }
  // Tells it to end now, whatever it does.
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

}  // namespace lab::lane
