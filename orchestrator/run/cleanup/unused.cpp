// SPDX-License-Identifier: MIT
#include "orchestrator/run/cleanup/unused.hpp"

#include <fcntl.h>

#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/file_lock.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

// Names a folder of the cache, and the file in its subfolders that each use touches.
struct Place {
  const char* folder;
  const char* mark;
};
constexpr Place places[] = {{"trees", "lock"},  // opened, and so touched, by kvm-patch/tree.sh
                            {"trees/kits", "info.json"},
                            {"modules", "build.json"},
                            {"own", "file"}};

// A folder that was never completed is as old as itself.
fs::file_time_type last_use(const fs::path& folder) {
  std::error_code none;
  for (const Place& place : places)
    if (const auto time = fs::last_write_time(folder / place.mark, none); !none) return time;
  return fs::last_write_time(folder);
}

std::uintmax_t bytes_in(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && !entry.is_symlink()) bytes += entry.file_size();
  return bytes;
}

}  // namespace

std::vector<Unused> find_unused(const fs::path& cache, fs::file_time_type since) {
  std::vector<Unused> found;
  std::error_code none;
  for (const Place& place : places)
    for (const auto& entry : fs::directory_iterator(cache / place.folder, none)) {
      const fs::path& folder = entry.path();
      if (entry.is_symlink() || !entry.is_directory() || folder.filename() == "kits") continue;
      if (const auto used = last_use(folder); used < since)
        found.push_back({folder, used, bytes_in(folder)});
    }
  return found;
}

bool remove_unused(const Unused& unused) {
  // A build from a tree holds the tree's lock.
  const fs::path lock = unused.folder / "lock";
  const base::Fd held(::open(lock.c_str(), O_RDONLY | O_CLOEXEC));
  if (held && !base::try_lock(held, lock)) return false;
  if (last_use(unused.folder) != unused.used) return false;
  base::remove_folder(unused.folder);
  return true;
}

}  // namespace lab::run
