// SPDX-License-Identifier: MIT
#include "orchestrator/outer/stream/read_stream.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::outer {
namespace {

constexpr std::uint64_t max_stream_bytes = 1ull << 30;

class StreamReader {
 public:
  StreamReader(OuterMachine& machine, const StreamLimits& limits,
               const std::function<bool(const std::string&)>& take)
      : machine_(machine),
        limits_(limits),
        take_(take),
        console_(std::move(machine.console)),
        stream_(std::move(machine.stream), limits.line, max_stream_bytes) {}

  // Returns false when the last line was taken.
  bool step() {
    std::array<pollfd, 2> fds{{{console_open_ ? console_.fd() : -1, POLLIN, 0},
                               {stream_open_ ? stream_.fd() : -1, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), 250);
    base::throw_if_interrupted();
    if (console_open_) console_open_ = console_.read();
    if (stream_open_) stream_open_ = stream_.read();
    while (const auto line = stream_.next_line()) {
      heard_.restart();
      if (take_(*line)) return false;
    }
    check_alive();
    return true;
  }

 private:
  void check_alive() {
    if (console_.panicked()) fail("the outer VM's kernel panicked");
    if (!machine_.running()) fail("the outer VM ended in the middle of its job");
    if (heard_.seconds() > limits_.silence)
      fail(fmt::format("the outer VM was silent for {:.0f} s: it hangs", limits_.silence));
    if (alive_.seconds() > limits_.whole)
      fail(fmt::format("the outer VM was not done within {:.0f} s", limits_.whole),
           base::ErrorKind::timed_out);
  }

  [[noreturn]] void fail(const std::string& what,
                         base::ErrorKind kind = base::ErrorKind::infrastructure) {
    const std::string words = machine_.last_words();
    throw outer_failure(what + (words.empty() ? "" : ": " + words), console_, kind);
  }

  OuterMachine& machine_;
  const StreamLimits& limits_;
  const std::function<bool(const std::string&)>& take_;
  guest::Console console_;
  guest::LineChannel stream_;
  base::Stopwatch heard_, alive_;
  bool console_open_ = true, stream_open_ = true;
};

}  // namespace

void read_stream(OuterMachine& machine, const StreamLimits& limits,
                 const std::function<bool(const std::string&)>& take) {
  StreamReader reader(machine, limits, take);
  try {
    while (reader.step()) {
    }
  } catch (const guest::ChannelAbuse& abuse) {
    throw base::infrastructure_error("the outer VM's stream: " + abuse.message);
  }
}

base::Error outer_failure(const std::string& what, const guest::Console& console,
                          base::ErrorKind kind) {
  return base::Error(kind, what + "; the end of its console:\n" + console.tail(),
                     "run it again: outer VMs are thrown away and made anew");
}

}  // namespace lab::outer
