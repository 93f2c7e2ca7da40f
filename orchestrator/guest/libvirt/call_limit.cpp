// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/call_limit.hpp"

#include <libvirt/libvirt.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/libvirt/qemu_process.hpp"

namespace lab::guest {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int look_ms = 250;  // interval between two looks at a call

std::mutex patience_mutex;
std::optional<Patience> set_patience;

std::optional<Patience> current_patience() {
  const std::lock_guard lock(patience_mutex);
  return set_patience;
}

thread_local std::shared_ptr<CallLimit::Call> around;

// Runs in a thread that takes no signals, as signals must wake the threads that wait.
void start_event_loop() {
  if (virEventRegisterDefaultImpl() != 0) throw_libvirt_error("start", "libvirt's event loop");
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread([] {
    while (virEventRunDefaultImpl() == 0) {
    }
  }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Returns the socket at the other end of a descriptor; "" where there is none, or one without a
// name.
std::string peer_socket(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  return address.sun_family == AF_UNIX && size > sizeof address.sun_family ? address.sun_path : "";
}

// Returns the sockets of this process that lead to libvirtd.
std::set<int> libvirt_sockets() {
  std::set<int> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd", ignored)) {
    const std::string number = entry.path().filename().string();
    const int fd = base::parse_number<int>(number).value_or(-1);
    const std::string peer = fs::path(peer_socket(fd)).filename().string();
    if (peer.starts_with("libvirt-sock") || peer.starts_with("virtqemud-sock")) found.insert(fd);
  }
  return found;
}

// Records which socket belongs to which connection, as libvirt does not say. Null is the one that
// is being opened.
class Connections {
 public:
  void add(virConnect* connection) {
    const std::lock_guard lock(mutex_);
    sockets_[connection] = unknown();
  }
  void remove(virConnect* connection) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(connection);
  }

  // Shuts the connection's sockets down: libvirt cannot cancel a call, but a call whose connection
  // has ended fails.
  void shut_down(virConnect* connection) {
    const std::lock_guard lock(mutex_);
    const auto known = sockets_.find(connection);
    for (const int fd : known == sockets_.end() ? unknown() : known->second)
      ::shutdown(fd, SHUT_RDWR);
  }

 private:
  std::set<int> unknown() const {
    std::set<int> sockets = libvirt_sockets();
    for (const auto& [connection, own] : sockets_)
      for (const int fd : own) sockets.erase(fd);
    return sockets;
  }

  std::mutex mutex_;
  std::map<virConnect*, std::set<int>> sockets_;
};

Connections& connections() {
  static Connections all;
  return all;
}

std::string seconds_in_words(steady_clock::duration time) {
  return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

// Contains what the event loop's thread knows about a call.
struct CallLimit::Call {
  Call(virConnect* with, std::string name, int times, const Patience& given)
      : connection(with),
        domain(std::move(name)),
        patience(given),
        deadline(begin + times * given.call) {}

  void look() {
    const std::lock_guard lock(mutex);
    const auto now = steady_clock::now();
    if (base::interrupted() && !hurried) {
      hurried = true;
      deadline = std::min(deadline, now + patience.interrupted);
    }
    if (over || now < deadline) return;
    deadline = now + patience.end;
    const bool had_ended = !did.empty();
    const std::optional<pid_t> pid = had_ended ? std::nullopt : end_qemu(domain);
    if (pid) {
      did = "QEMU (process " + std::to_string(*pid) + ") did not answer within " +
            seconds_in_words(now - begin) + ", and lab ended it";
      return;
    }
    did = "libvirtd did not answer within " + seconds_in_words(now - begin) +
          ", and lab closed the connection";
    connections().shut_down(connection);
  }

  const steady_clock::time_point begin = steady_clock::now();
  virConnect* const connection;
  const std::string domain;
  const Patience patience;
  std::shared_ptr<Call> before;  // the limit around this one, in the same thread

  std::mutex mutex;
  steady_clock::time_point deadline;
  bool hurried = false, over = false;
  std::string did;
};

namespace {

void on_time(int, void* call) {
  (*static_cast<std::shared_ptr<CallLimit::Call>*>(call))->look();
}

void forget(void* call) {
  delete static_cast<std::shared_ptr<CallLimit::Call>*>(call);
}

}  // namespace

void limit_calls(const Patience& patience) {
  static std::once_flag once;
  std::call_once(once, start_event_loop);
  const std::lock_guard lock(patience_mutex);
  set_patience = patience;
}

bool calls_have_limits() {
  return current_patience().has_value();
}

std::unique_lock<std::mutex> take_turn() {
  static std::mutex mutex;
  return std::unique_lock(mutex);
}

virConnect* open_connection(const std::string& uri) {
  const auto patience = current_patience();
  if (!patience) return virConnectOpen(uri.c_str());
  virConnect* connection = virConnectOpen(uri.c_str());
  if (connection == nullptr) return nullptr;
  connections().add(connection);
  // A driver without a daemon has no keep-alive, and needs none.
  virConnectSetKeepAlive(connection, patience->question_seconds, patience->questions);
  return connection;
}

void close_connection(virConnect* connection) {
  const auto turn = take_turn();
  const CallLimit limit(connection);
  virConnectClose(connection);
  connections().remove(connection);
}

CallLimit::CallLimit(virConnect* connection, const std::string& domain, int times) {
  const auto patience = current_patience();
  if (!patience) return;
  call_ = std::make_shared<Call>(connection, domain, times, *patience);
  call_->before = around;
  around = call_;
  timer_ = virEventAddTimeout(look_ms, on_time, new std::shared_ptr<Call>(call_), forget);
}

CallLimit::~CallLimit() {
  if (!call_) return;
  {
    const std::lock_guard lock(call_->mutex);
    call_->over = true;
  }
  if (timer_ >= 0) virEventRemoveTimeout(timer_);
  around = call_->before;
  if (around && !call_->did.empty()) {
    const std::lock_guard lock(around->mutex);
    around->did = call_->did;
  }
}

std::string reached_limit() {
  if (!around) return "";
  const std::lock_guard lock(around->mutex);
  return around->did;
}

}  // namespace lab::guest
