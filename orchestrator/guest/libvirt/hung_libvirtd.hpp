// SPDX-License-Identifier: MIT
// Stands between lab and libvirtd in tests, and behaves from some call on as if libvirtd hung. The
// real one, which others use as well, goes on.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::guest {

class HungLibvirtd {
 public:
  enum class Mode {
    request_lost,   // libvirtd hung before it read the call
    answer_lost,    // it hung after it had done it
    only_the_call,  // it still answers keep-alives, but not the call
  };

  // Makes the call of this number hang, counted from 1; 0: none.
  HungLibvirtd(const std::filesystem::path& folder, Mode mode, int hangs_at)
      : socket_(folder / "libvirt-sock"), mode_(mode), hangs_at_(hangs_at) {
    sockaddr_un address{AF_UNIX, {}};
    std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
    listener_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 8) != 0)
      throw base::errno_error("listen at", socket_.string(), errno);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  std::string uri() const { return "qemu:///system?socket=" + socket_.string(); }
  bool hangs() const { return hangs_; }

 private:
  static constexpr std::uint32_t keep_alive_program = 0x6b656570;

  // Serves one client after the other.
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{listener_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 50) <= 0) continue;
      const base::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const base::Fd daemon = base::connect_unix("/run/libvirt/libvirt-sock");
      while (!stop.stop_requested() && pass_on(client.get(), daemon.get())) {
      }
    }
  }

  bool pass_on(int client, int daemon) {
    const bool deaf = hangs_ && mode_ != Mode::only_the_call;
    const short events = deaf ? 0 : POLLIN;  // poll reports the end of either anyway
    std::array<pollfd, 2> fds{{{client, events, 0}, {daemon, events, 0}}};
    ::poll(fds.data(), fds.size(), 50);
    if ((fds[0].revents & POLLIN) != 0) return from_client(client, daemon);
    if ((fds[1].revents & POLLIN) != 0) return from_daemon(daemon, client);
    return ((fds[0].revents | fds[1].revents) & (POLLHUP | POLLERR)) == 0;
  }

  // Reads a whole message: its length, in front of it, counts itself.
  static std::string read_message(int from) {
    std::string message(4, '\0');
    for (std::size_t done = 0; done < message.size();) {
      const ssize_t count = ::read(from, message.data() + done, message.size() - done);
      if (count <= 0) return "";
      done += std::size_t(count);
      if (done == 4 && message.size() == 4) message.resize(word(message, 0));
    }
    return message;
  }
  static std::uint32_t word(const std::string& message, std::size_t index) {
    std::uint32_t value = 0;
    std::memcpy(&value, message.data() + 4 * index, 4);
    return ntohl(value);
  }
  static bool is_ping(const std::string& message) { return word(message, 1) == keep_alive_program; }

  bool from_client(int client, int daemon) {
    const std::string message = read_message(client);
    if (message.empty()) return false;
    if (!is_ping(message) && ++calls_ == hangs_at_) {
      hangs_ = true;
      if (mode_ == Mode::request_lost) return true;
    }
    return ::send(daemon, message.data(), message.size(), MSG_NOSIGNAL) > 0;
  }

  bool from_daemon(int daemon, int client) {
    const std::string message = read_message(daemon);
    if (message.empty()) return false;
    if (hangs_ && !is_ping(message)) return true;
    return ::send(client, message.data(), message.size(), MSG_NOSIGNAL) > 0;
  }

  const std::filesystem::path socket_;
  const Mode mode_;
  const int hangs_at_;
  base::Fd listener_;
  int calls_ = 0;
  std::atomic<bool> hangs_ = false;
  std::jthread thread_;
};

}  // namespace lab::guest
