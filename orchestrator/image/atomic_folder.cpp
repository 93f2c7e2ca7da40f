// SPDX-License-Identifier: MIT
#include "orchestrator/image/atomic_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/interrupt.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;

constexpr const char* half_made = ".making-";

base::Fd lock(const fs::path& folder) {
  const fs::path file = folder.parent_path() / ".lock";
  base::Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) throw base::errno_error("open", file.string(), errno);
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw base::errno_error("lock", file.string(), errno);
    base::sleep_interruptibly(0.2);
  }
  return fd;
}

// With the lock held, nobody else makes anything here: all that is half-made is dead.
void clear_half_made(const fs::path& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent))
    if (entry.path().filename().string().starts_with(half_made))
      fs::remove_all(entry.path(), ignored);
}

}  // namespace

bool make_folder_once(const fs::path& folder, const std::function<void(const fs::path&)>& fill) {
  if (fs::exists(folder)) return false;
  fs::create_directories(folder.parent_path());
  const base::Fd held = lock(folder);
  if (fs::exists(folder)) return false;
  clear_half_made(folder.parent_path());
  base::TemporaryFolder work(folder.parent_path(), half_made + folder.filename().string());
  fill(work.path());
  fs::permissions(work.path(), fs::perms(0755));
  fs::rename(work.path(), folder);
  work.keep();
  return true;
}

}  // namespace lab::image
