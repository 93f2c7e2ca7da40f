// SPDX-License-Identifier: MIT
#include "orchestrator/lane/protocol/lines.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "orchestrator/base/error.hpp"

namespace lab::lane {

bool Lines::read(int fd) {
  std::array<char, 1 << 16> bytes{};
  const ssize_t count = ::read(fd, bytes.data(), bytes.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_.append(bytes.data(), static_cast<std::size_t>(count));
  // Only the last line may be incomplete; the others are returned before more is read.
  const std::size_t last = buffer_.rfind('\n');
  const std::size_t open = last == std::string::npos ? buffer_.size() : buffer_.size() - last - 1;
  if (open > max_line_)
    throw base::infrastructure_error("a line of more than " + std::to_string(max_line_) + " bytes");
  return count > 0;
}

std::optional<std::string> Lines::next() {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  std::string line = buffer_.substr(begin_, end - begin_);
  begin_ = scanned_ = end + 1;
  return line;
}

}  // namespace lab::lane
