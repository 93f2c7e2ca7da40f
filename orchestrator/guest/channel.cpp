// SPDX-License-Identifier: MIT
#include "orchestrator/guest/channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::guest {
namespace {

constexpr std::size_t console_tail = 16 << 10;
constexpr std::string_view panic_mark = "Kernel panic - not syncing";

// Reads what a non-blocking descriptor has available; returns false at its end.
template <typename Sink>
bool read_available(int fd, Sink&& sink) {
  std::array<char, 1 << 14> buffer{};
  for (int pieces = 0; pieces < 16; ++pieces) {  // bounded: a flood must not starve other work
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count > 0) {
      sink(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      continue;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    return false;
  }
  return true;
}

}  // namespace

base::Fd connect_to_guest(const std::filesystem::path& socket) {
  for (int i = 0; i < 100; ++i) {
    base::Fd fd = base::connect_unix(socket);
    if (fd) {
      ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
      return fd;
    }
    base::sleep_interruptibly(0.05);
  }
  throw base::infrastructure_error("connect '" + socket.string() + "': QEMU does not listen");
}

bool Console::read() {
  return read_available(fd_.get(), [&](std::string_view piece) {
    bytes_ += piece.size();
    if (listener_) listener_(piece);
    // The mark may be split over two pieces: search where they meet, too.
    const std::size_t from =
        tail_.size() > panic_mark.size() ? tail_.size() - panic_mark.size() : 0;
    tail_ += piece;
    if (tail_.find(panic_mark, from) != std::string::npos) panicked_ = true;
    if (tail_.size() > console_tail) tail_.erase(0, tail_.size() - console_tail);
  });
}

bool LineChannel::read() {
  const bool open = read_available(fd_.get(), [&](std::string_view piece) {
    total_ += piece.size();
    buffer_ += piece;
    if (total_ > max_total_)
      throw ChannelAbuse{"the guest wrote more than " + std::to_string(max_total_) +
                         " bytes to the reader's port"};
    const std::size_t last = buffer_.rfind('\n');
    const std::size_t open_line =
        last == std::string::npos ? buffer_.size() : buffer_.size() - last;
    if (open_line > max_line_)
      throw ChannelAbuse{"the guest wrote a line of more than " + std::to_string(max_line_) +
                         " bytes to the reader's port"};
  });
  return open;
}

std::optional<std::string> LineChannel::next_line() {
  const std::size_t end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

void LineChannel::write(std::string_view bytes) {
  for (int waits = 0; !bytes.empty() && waits < 100;) {
    const ssize_t count = ::write(fd_.get(), bytes.data(), bytes.size());
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR)
      throw base::errno_error("write to", "the reader's port", errno);
    pollfd fd{fd_.get(), POLLOUT, 0};
    ::poll(&fd, 1, 100);
    base::throw_if_interrupted();
    ++waits;
  }
  if (!bytes.empty())
    throw base::infrastructure_error("write to 'the reader's port': nobody reads there");
}

}  // namespace lab::guest
