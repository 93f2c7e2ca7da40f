// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/atomic_folder.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/file_lock.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

fs::path lock_beside(const fs::path& parent) {
  return parent / ".lock";
}

std::vector<fs::path> half_made_in(const fs::path& parent) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none))
    if (entry.path().filename().string().starts_with(half_made_prefix))
      found.push_back(entry.path());
  return found;
}

// With the lock held, nobody else makes anything here: all that is half-made is dead.
void remove_half_made(const fs::path& parent) {
  std::error_code ignored;
  for (const fs::path& folder : half_made_in(parent)) fs::remove_all(folder, ignored);
}

// A kernel's kit has 20,000 files: to ask for each of them would take minutes, so all of its file
// system is asked for at once.
void sync_to_disk(const fs::path& path, int (*sync)(int)) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) throw errno_error("open", path.string(), errno);
  if (sync(fd.get()) != 0) throw errno_error("write", path.string(), errno);
}

}  // namespace

void put_in_place(const fs::path& made, const fs::path& to) {
  sync_to_disk(made, fs::is_directory(made) ? ::syncfs : ::fsync);
  fs::rename(made, to);
  sync_to_disk(to.parent_path(), ::fsync);
}

Fd lock_folder(const fs::path& parent) {
  fs::create_directories(parent);
  Fd fd = open_lock(lock_beside(parent));
  if (!try_lock(fd, lock_beside(parent))) {
    spdlog::warn("something is being made in '{}' already: waiting for it", parent.string());
    while (!try_lock(fd, lock_beside(parent))) sleep_interruptibly(0.2);
  }
  remove_half_made(parent);
  return fd;
}

void remove_folder(const fs::path& folder) {
  const fs::path dead = folder.parent_path() / (half_made_prefix + folder.filename().string());
  fs::remove_all(dead);
  fs::rename(folder, dead);
  fs::remove_all(dead);
}

bool make_folder_once(const fs::path& folder, const std::function<void(const fs::path&)>& fill) {
  if (fs::exists(folder)) return false;
  const Fd held = lock_folder(folder.parent_path());
  if (fs::exists(folder)) return false;
  TemporaryFolder work(folder.parent_path(), half_made_prefix + folder.filename().string());
  fs::permissions(work.path(), fs::perms(0755));  // what fills it may be another user's emulator
  fill(work.path());
  put_in_place(work.path(), folder);
  work.keep();
  return true;
}

void mark_used(const fs::path& file) {
  std::error_code ignored;
  fs::last_write_time(file, fs::file_time_type::clock::now(), ignored);
}

bool clear_half_made(const fs::path& parent) {
  if (half_made_in(parent).empty()) return false;
  const Fd fd = open_lock(lock_beside(parent));
  if (!try_lock(fd, lock_beside(parent))) return false;
  remove_half_made(parent);
  return true;
}

}  // namespace lab::base
