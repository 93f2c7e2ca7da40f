// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/module_lock.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include "orchestrator/base/error.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

fs::path lock_file(const fs::path& runtime) {
  return runtime / "modules.lock";
}

base::Fd open_lock(const fs::path& runtime) {
  const fs::path path = lock_file(runtime);
  base::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw base::errno_error("open", path.string(), errno);
  return fd;
}

bool take_once(const base::Fd& fd, const fs::path& runtime) {
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw base::errno_error("lock", lock_file(runtime).string(), errno);
}

// Tries a few times: who only asks for the holder has the lock for a moment, too.
bool take(const base::Fd& fd, const fs::path& runtime) {
  for (int tries = 0; tries < 5; ++tries) {
    if (take_once(fd, runtime)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

std::string command_line() {
  std::string words = base::read_file("/proc/self/cmdline");
  while (!words.empty() && words.back() == '\0') words.pop_back();
  std::ranges::replace_if(
      words, [](char c) { return c < ' ' || c > '~'; }, ' ');
  const std::size_t folder = words.substr(0, words.find(' ')).rfind('/');
  return words.substr(folder == std::string::npos ? 0 : folder + 1, 200);
}

void write_holder(const base::Fd& fd, const fs::path& runtime) {
  const std::string text = fmt::format("lab pid {} ({}) since {:%F %T}", ::getpid(), command_line(),
                                       fmt::localtime(std::time(nullptr)));
  if (::ftruncate(fd.get(), 0) != 0)
    throw base::errno_error("write", lock_file(runtime).string(), errno);
  base::write_all(fd.get(), text, lock_file(runtime).string());
}

}  // namespace

ModuleLock::ModuleLock(const fs::path& runtime) : fd_(open_lock(runtime)) {
  if (!take(fd_, runtime))
    throw base::infrastructure_error(
        "the kvm modules are held by " + base::read_file(lock_file(runtime)), "wait for it to end");
  write_holder(fd_, runtime);
}

std::optional<ModuleLock> ModuleLock::try_take(const fs::path& runtime) {
  base::Fd fd = open_lock(runtime);
  if (!take(fd, runtime)) return std::nullopt;
  write_holder(fd, runtime);
  return ModuleLock(std::move(fd));
}

std::string ModuleLock::holder(const fs::path& runtime) {
  if (!fs::exists(lock_file(runtime))) return "";
  const base::Fd fd = open_lock(runtime);
  return take_once(fd, runtime) ? "" : base::read_file(lock_file(runtime));
}

}  // namespace lab::kvm
