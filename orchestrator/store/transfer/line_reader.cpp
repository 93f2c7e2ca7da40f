// SPDX-License-Identifier: MIT
#include "orchestrator/store/transfer/line_reader.hpp"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::store {
namespace {

constexpr std::size_t chunk = 1u << 18;

base::Fd open_file(const std::string& file) {
  base::Fd fd(file == "-" ? ::dup(STDIN_FILENO) : ::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd)
    throw base::user_error(fmt::format("open '{}': {}", file, std::strerror(errno)),
                           "name a file that `lab results export` wrote, or a store's");
  return fd;
}

}  // namespace

LineReader::LineReader(const std::string& file, std::size_t limit)
    : name_(file == "-" ? "standard input" : file), limit_(limit), fd_(open_file(file)) {}

bool LineReader::begins_with(std::string_view bytes) {
  while (buffer_.size() < bytes.size() && fill()) {
  }
  return std::string_view(buffer_).starts_with(bytes);
}

std::optional<std::string> LineReader::next() {
  for (;;) {
    std::optional<std::string> line = next_line();
    if (!line || line->find_first_not_of(" \t\r") != std::string::npos) return line;
  }
}

std::optional<std::string> LineReader::next_line() {
  std::size_t searched = begin_;
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched);
    const bool whole = end != std::string::npos;
    if ((whole ? end : buffer_.size()) - begin_ > limit_)
      throw base::user_error(
          fmt::format("{}:{}: longer than {} MiB", name_, number_ + 1, limit_ >> 20),
          "import what `lab results export` wrote");
    const std::size_t seen = buffer_.size() - begin_;
    if (whole || !fill()) {
      if (!whole && begin_ == buffer_.size()) return std::nullopt;
      const std::size_t stop = whole ? end : buffer_.size();
      std::string line = buffer_.substr(begin_, stop - begin_);
      begin_ = std::min(stop + 1, buffer_.size());
      ++number_;
      return line;
    }
    searched = begin_ + seen;  // fill() may have moved it all
  }
}

bool LineReader::fill() {
  buffer_.erase(0, std::exchange(begin_, 0));
  const std::size_t size = buffer_.size();
  buffer_.resize(size + chunk);
  ssize_t count = 0;
  do {
    base::throw_if_interrupted();
    count = ::read(fd_.get(), buffer_.data() + size, chunk);
  } while (count < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(size + std::size_t(std::max<ssize_t>(0, count)));
  if (count < 0) throw base::errno_error("read", name_, error);
  return count > 0;
}

}  // namespace lab::store
