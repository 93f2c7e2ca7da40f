// SPDX-License-Identifier: MIT
// Reads the two byte streams of a guest: its console, and a channel of lines. Both are bounded:
// whatever a guest writes, lab keeps a fixed amount.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/base/fd.hpp"

namespace lab::guest {

// Connects to a socket on which QEMU listens; waits up to 5 s for it. The result is non-blocking.
base::Fd connect_to_guest(const std::filesystem::path& socket);

// Keeps the last bytes of a guest's serial console, and whether its kernel panicked.
class Console {
 public:
  // Gets all bytes, in the order in which the guest wrote them.
  using Listener = std::function<void(std::string_view)>;

  explicit Console(base::Fd fd, Listener listener = {})
      : fd_(std::move(fd)), listener_(std::move(listener)) {}

  int fd() const { return fd_.get(); }
  // Reads what is available. Returns false at the end of the stream (QEMU has ended).
  bool read();
  // Returns the last 16 KiB, as the guest wrote them: untrusted bytes.
  const std::string& tail() const { return tail_; }
  // Returns whether "Kernel panic - not syncing" was printed.
  bool panicked() const { return panicked_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  base::Fd fd_;
  Listener listener_;
  std::string tail_;
  bool panicked_ = false;
  std::uint64_t bytes_ = 0;
};

// Is thrown by LineChannel::read where a guest floods or garbles the channel. This is the guest's
// fault, so it leads to a result and is no infrastructure error.
struct ChannelAbuse {
  std::string message;
};

// Reads lines from a guest, each of at most `max_line` bytes, in total at most `max_total`.
class LineChannel {
 public:
  LineChannel(base::Fd fd, std::size_t max_line, std::uint64_t max_total)
      : fd_(std::move(fd)), max_line_(max_line), max_total_(max_total) {}

  int fd() const { return fd_.get(); }
  // Reads what is available. Returns false at the end of the stream.
  bool read();
  // Returns the next complete line, without its newline; nullopt where there is none yet.
  std::optional<std::string> next_line();
  // Writes all bytes, waiting up to 10 s for the guest to read them.
  void write(std::string_view bytes);

 private:
  base::Fd fd_;
  std::size_t max_line_;
  std::uint64_t max_total_;
  std::uint64_t total_ = 0;
  std::string buffer_;
};

}  // namespace lab::guest
