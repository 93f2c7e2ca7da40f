// SPDX-License-Identifier: MIT
// Limits of calls into libvirt, which have none of their own: libvirtd may hang, or the QEMU that
// it asks. libvirt's keep-alive notices the one, and a limit around each call the other.
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
  int question_seconds = 5;  // libvirtd is asked so often whether it is there
  unsigned questions = 3;    // it is lost after so many without an answer
  std::chrono::milliseconds call{30'000};
  std::chrono::milliseconds interrupted{10'000};  // a call, once lab was asked to stop
  std::chrono::milliseconds end{10'000};          // a call, once its QEMU was ended
};

// From now on calls of this process have limits: libvirt's event loop runs in a thread of its own.
// The first call decides; later ones change the patience.
void limit_calls(const Patience& patience);
bool calls_have_limits();

// Connections are opened and closed one after the other, else nobody knows whose a new socket is.
std::unique_lock<std::mutex> take_turn();

// Opens a connection, in one's turn; null where libvirtd does not answer in time. Where calls have
// limits, libvirt goes on asking libvirtd whether it is there, and all calls of the connection fail
// when it is not.
virConnect* open_connection(const std::string& uri);
void close_connection(virConnect* connection);

// Usual calls' times that a call has in which libvirt first looks what QEMU can.
inline constexpr int probing_times = 4;

// Around a call: as long as this is there. When its time is over, the QEMU of its domain is ended
// by lab itself, so that libvirtd answers the call with an error. Where that is of no use, the
// connection is closed. Does nothing before limit_calls().
class CallLimit {
 public:
  // `domain`: whose QEMU the call may ask; "": none. It has `times` a usual call's time.
  explicit CallLimit(virConnect* connection, const std::string& domain = "", int times = 1);
  CallLimit(const CallLimit&) = delete;
  CallLimit& operator=(const CallLimit&) = delete;
  ~CallLimit();

  struct Call;

 private:
  std::shared_ptr<Call> call_;
  int timer_ = -1;
};

// What the limit around this did, in words: who did not answer, and what lab did. "" where it did
// nothing. Of this thread.
std::string reached_limit();

}  // namespace lab::guest
