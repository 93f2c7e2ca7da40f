// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/atomic_folder.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/file_lock.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::base {
namespace {

namespace fs = std::filesystem;

// Whoever makes something in the folder holds this lock shared; whoever needs that nothing is made
// holds it alone.
fs::path lock_beside(const fs::path& parent) {
  return parent / ".lock";
}

// Begins the name of the file whose lock the maker of a folder holds; the folder's name follows.
constexpr const char* maker_prefix = ".maker-";

std::vector<fs::path> entries(const fs::path& parent, const char* prefix) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none))
    if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
  return found;
}

// Call this with the lock held alone: nobody else makes anything then, so all half-made is dead.
void remove_half_made(const fs::path& parent) {
  std::error_code ignored;
  for (const char* prefix : {half_made_prefix, maker_prefix})
    for (const fs::path& entry : entries(parent, prefix)) fs::remove_all(entry, ignored);
}

using TryLock = bool (*)(const Fd& fd, const fs::path& file);

Fd wait_for_lock(const fs::path& file, TryLock try_it) {
  Fd fd = open_lock(file);
  if (!try_it(fd, file)) {
    spdlog::warn("something is being made in '{}' already: waiting for it",
                 file.parent_path().string());
    while (!try_it(fd, file)) sleep_interruptibly(0.2);
  }
  return fd;
}

// Holds the lock of the folder being made, and removes the lock's file at the end.
class Maker {
 public:
  explicit Maker(fs::path file) : file_(std::move(file)) {
    do {
      held_ = wait_for_lock(file_, try_lock);
    } while (!is_file(held_));  // the maker before removed the file that this one waited for
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  ~Maker() {
    std::error_code ignored;
    fs::remove(file_, ignored);
  }

 private:
  bool is_file(const Fd& fd) const {
    struct stat held {};
    struct stat there {};
    return ::fstat(fd.get(), &held) == 0 && ::stat(file_.c_str(), &there) == 0 &&
           held.st_ino == there.st_ino;
  }

  const fs::path file_;
  Fd held_;
};

// A kernel's kit has 20,000 files, and syncing each of them would take minutes, so a folder's whole
// file system is synced at once.
void sync_to_disk(const fs::path& path, int (*sync)(int), int open_flags) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | open_flags));
  if (!fd) throw errno_error("open", path.string(), errno);
  if (sync(fd.get()) != 0) throw errno_error("write", path.string(), errno);
}

}  // namespace

void put_in_place(const fs::path& made, const fs::path& to) {
  sync_to_disk(made, fs::is_directory(made) ? ::syncfs : ::fsync, O_NOFOLLOW);
  fs::rename(made, to);
  sync_to_disk(to.parent_path(), ::fsync, O_DIRECTORY);  // may be a link to another disk
}

Fd lock_folder(const fs::path& parent) {
  fs::create_directories(parent);
  Fd fd = wait_for_lock(lock_beside(parent), try_lock);
  remove_half_made(parent);
  return fd;
}

std::optional<Fd> try_lock_folder(const fs::path& parent) {
  Fd fd = open_lock(lock_beside(parent));
  if (!try_lock(fd, lock_beside(parent))) return std::nullopt;
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
  const fs::path parent = folder.parent_path();
  const std::string name = folder.filename().string();
  fs::create_directories(parent);
  clear_half_made(parent);
  const Fd among_makers = wait_for_lock(lock_beside(parent), try_lock_shared);
  const Maker only_maker(parent / (maker_prefix + name));
  if (fs::exists(folder)) return false;
  TemporaryFolder work(parent, half_made_prefix + name);
  fs::permissions(work.path(), fs::perms(0755));  // another user's emulator may fill it
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
  if (entries(parent, half_made_prefix).empty()) return false;
  return try_lock_folder(parent).has_value();
}

}  // namespace lab::base
