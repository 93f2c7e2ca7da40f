// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/module_lock.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/file_lock.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

fs::path lock_file(const fs::path& runtime) {
  return runtime / "modules.lock";
}

// Tries a few times: a process that only asks for the holder takes the lock for a moment, too.
bool take(const base::Fd& fd, const fs::path& file) {
  for (int tries = 0; tries < 5; ++tries) {
    if (base::try_lock(fd, file)) return true;
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

void write_holder(const base::Fd& fd, const fs::path& file) {
  const std::string text = fmt::format("lab pid {} ({}) since {:%F %T}", ::getpid(), command_line(),
                                       fmt::localtime(std::time(nullptr)));
  if (::ftruncate(fd.get(), 0) != 0) throw base::errno_error("write", file.string(), errno);
  base::write_all(fd.get(), text, file.string());
}

}  // namespace

ModuleLock::ModuleLock(const fs::path& runtime) : fd_(base::open_lock(lock_file(runtime))) {
  const fs::path file = lock_file(runtime);
  if (!take(fd_, file))
    throw base::infrastructure_error("the kvm modules are held by " + base::read_file(file),
                                     "wait for it to end");
  write_holder(fd_, file);
}

std::optional<ModuleLock> ModuleLock::try_take(const fs::path& runtime) {
  const fs::path file = lock_file(runtime);
  base::Fd fd = base::open_lock(file);
  if (!take(fd, file)) return std::nullopt;
  write_holder(fd, file);
  return ModuleLock(std::move(fd));
}

std::string ModuleLock::holder(const fs::path& runtime) {
  const fs::path file = lock_file(runtime);
  if (!fs::exists(file)) return "";
  return base::try_lock(base::open_lock(file), file) ? "" : base::read_file(file);
}

}  // namespace lab::kvm
