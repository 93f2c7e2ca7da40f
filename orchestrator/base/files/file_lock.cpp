// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

bool try_flock(const Fd& fd, const std::filesystem::path& file, int kind) {
  if (::flock(fd.get(), kind | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) throw errno_error("lock", file.string(), errno);
  return false;
}

}  // namespace

Fd open_lock(const std::filesystem::path& file) {
  Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw errno_error("open", file.string(), errno);
  return fd;
}

bool try_lock(const Fd& fd, const std::filesystem::path& file) {
  return try_flock(fd, file, LOCK_EX);
}

bool try_lock_shared(const Fd& fd, const std::filesystem::path& file) {
  return try_flock(fd, file, LOCK_SH);
}

}  // namespace lab::base
