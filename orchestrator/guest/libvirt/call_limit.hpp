// SPDX-License-Identifier: MIT
// Limits calls into libvirt, which have no limits of their own: libvirtd may hang, or the QEMU that
// it queries. libvirt's keep-alive detects the former, a limit around each call the latter.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

// libvirt's own handle type; its header stays out of ours.
extern "C" {
typedef struct _virConnect virConnect;  // NOLINT(bugprone-reserved-identifier)
}

namespace lab::guest {

struct Patience {
  int question_seconds = 5;  // seconds between two keep-alive questions to libvirtd
  unsigned questions = 3;    // unanswered questions until it counts as lost
  std::chrono::milliseconds call{30'000};
  std::chrono::milliseconds interrupted{10'000};  // a call, once the user has stopped lab
  std::chrono::milliseconds end{10'000};          // a call, once lab has ended its QEMU
};

// Limits all calls of this process from now on: libvirt's event loop runs in a thread of its own.
// The first call starts it; later ones change the patience.
void limit_calls(const Patience& patience);
bool calls_have_limits();

// Opens and closes connections one after the other, as otherwise the owner of a new socket is
// unknown.
std::unique_lock<std::mutex> take_turn();

// Opens a connection, during the caller's turn; null where libvirtd does not answer in time. Where
// calls have limits, libvirt keeps asking libvirtd whether it runs, and all calls of the connection
// fail when it does not answer.
virConnect* open_connection(const std::string& uri);
void close_connection(virConnect* connection);

// The limit, in usual calls' times, of a call in which libvirt first probes QEMU.
inline constexpr int probing_times = 4;

// Limits a call while this object exists. When the time is over, lab itself ends the QEMU of the
// domain, so that libvirtd answers the call with an error. Where that does not help, it closes the
// connection. Does nothing before limit_calls().
class CallLimit {
 public:
  // `domain` is the one whose QEMU the call may query; "": none. The limit is `times` a usual
  // call's.
  explicit CallLimit(virConnect* connection, const std::string& domain = "", int times = 1);
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;
  ~CallLimit();

  struct Call;

 private:
  std::shared_ptr<Call> call_;
  int timer_ = -1;
};

// Returns in words what the current limit of this thread did: who did not answer, and what lab did.
// "" where it did nothing.
std::string reached_limit();

}  // namespace lab::guest
