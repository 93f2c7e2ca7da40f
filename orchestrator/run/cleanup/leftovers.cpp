// SPDX-License-Identifier: MIT
#include "orchestrator/run/cleanup/leftovers.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/file_lock.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/guest/libvirt/apparmor.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"
#include "orchestrator/inside/machine/machine_settings.hpp"
#include "orchestrator/kvm/modules/modules.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

// libvirt destroys a dead lab's domains by itself, except where it was killed, too.
bool destroy_domains(const std::string& id) {
  try {
    const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
    for (const std::string& name : guest::domains_with_prefix(connection.get(), "lab-"))
      if (name.ends_with("-" + id)) guest::destroy_domain(connection.get(), name);
    guest::remove_profiles_of(id);
    return true;
  } catch (const base::Error& error) {
    spdlog::warn("cannot look for domains that run {} left: {}", id, error.what());
    return false;
  }
}

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

void clear_leftovers(const base::Folders& folders) {
  for (const std::string& id : base::dead_runs(folders)) {
    if (!destroy_domains(id)) continue;  // keeps its folder, which leads to the domains
    base::remove_run(folders, id);
    image::remove_dead_sockets();
    spdlog::warn("cleared what run {} left behind", id);
  }
  for (const char* cache :
       {"images", "prepared", "kernels", "modules", "buildroots", "warm", "own"})
    if (base::clear_half_made(folders.cache / cache))
      spdlog::warn("cleared what a killed lab left half-made in '{}'",
                   (folders.cache / cache).string());
  if (kvm::recover_modules(folders.runtime))
    spdlog::warn("put back the stock kvm modules that a killed lab had swapped");
  if (inside::recover_machine_settings(folders.runtime))
    spdlog::warn("put back KSM and huge pages as they were before a killed lab set them");
}

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
