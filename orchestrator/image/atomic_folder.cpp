// SPDX-License-Identifier: MIT
#include "orchestrator/image/atomic_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/interrupt.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;

constexpr const char* half_made = ".making-";

base::Fd open_lock(const fs::path& parent) {
  const fs::path file = parent / ".lock";
  base::Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw base::errno_error("open", file.string(), errno);
  return fd;
}

bool try_lock(const base::Fd& fd, const fs::path& parent) {
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) throw base::errno_error("lock", parent.string(), errno);
  return false;
}

base::Fd lock(const fs::path& parent) {
  base::Fd fd = open_lock(parent);
  while (!try_lock(fd, parent)) base::sleep_interruptibly(0.2);
  return fd;
}

std::vector<fs::path> half_made_in(const fs::path& parent) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none))
    if (entry.path().filename().string().starts_with(half_made)) found.push_back(entry.path());
  return found;
}

// With the lock held, nobody else makes anything here: all that is half-made is dead.
void remove_half_made(const fs::path& parent) {
  std::error_code ignored;
  for (const fs::path& folder : half_made_in(parent)) fs::remove_all(folder, ignored);
}

}  // namespace

bool make_folder_once(const fs::path& folder, const std::function<void(const fs::path&)>& fill) {
  if (fs::exists(folder)) return false;
  fs::create_directories(folder.parent_path());
  const base::Fd held = lock(folder.parent_path());
  if (fs::exists(folder)) return false;
  remove_half_made(folder.parent_path());
  base::TemporaryFolder work(folder.parent_path(), half_made + folder.filename().string());
  fill(work.path());
  fs::permissions(work.path(), fs::perms(0755));
  fs::rename(work.path(), folder);
  work.keep();
  return true;
}

bool clear_half_made(const fs::path& parent) {
  if (half_made_in(parent).empty()) return false;
  const base::Fd fd = open_lock(parent);
  if (!try_lock(fd, parent)) return false;
  remove_half_made(parent);
  return true;
}

}  // namespace lab::image
