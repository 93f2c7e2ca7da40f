// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kernel_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "orchestrator/base/error.hpp"

namespace lab::kvm {
namespace {

constexpr const char* device = "/dev/kmsg";

}  // namespace

KernelLog::KernelLog() : file_(::open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  if (!file_ || ::lseek(file_.get(), 0, SEEK_END) < 0)
    throw base::errno_error("read", device, errno);
}

// Each read returns one record, "LEVEL,SEQUENCE,MICROSECONDS,FLAGS;TEXT\n" and lines of properties
// (Documentation/ABI/testing/dev-kmsg).
KernelLog::Lines KernelLog::read() {
  Lines lines;
  std::array<char, 8192> buffer;  // the kernel's own limit for a record
  for (;;) {
    const ssize_t count = ::read(file_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EPIPE) {
      lines.whole = false;
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) throw base::errno_error("read", device, errno);
    if (count <= 0) return lines;
    const std::string_view record(buffer.data(), static_cast<std::size_t>(count));
    const std::size_t begin = record.find(';');
    if (begin == std::string_view::npos) continue;
    lines.texts.emplace_back(record.substr(begin + 1, record.find('\n') - begin - 1));
  }
}

}  // namespace lab::kvm
