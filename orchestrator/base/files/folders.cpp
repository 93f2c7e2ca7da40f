// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/folders.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/machine/home.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

fs::path from_environment(const char* name, const fs::path& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? fs::path(value) : otherwise;
}

// Modules are at cache/modules/KEY/kvm.ko. The folders above protect whatever lies deeper.
constexpr int checked_levels = 3;

fs::path made(const fs::path& folder, FolderUse use) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && ::access(folder.c_str(), W_OK) != 0) error.assign(errno, std::generic_category());
  if (error && use == FolderUse::write)
    throw user_error(
        "folder '" + folder.string() + "' cannot be made or written: " + error.message(),
        "set HOME or the XDG_*_HOME variables to folders you can write");
  check_ownership(folder, checked_levels);
  return folder;
}

// Returns whether only root could have made the folder and only root can change it.
bool is_roots(const fs::path& folder) {
  struct stat found {};
  return ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == 0 &&
         (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

void remove_dead_links(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.is_symlink() && !fs::exists(entry.path(), none)) fs::remove(entry.path(), none);
}

}  // namespace

void link_what_root_made(const fs::path& roots_cache, const fs::path& cache) {
  std::error_code ignored;  // another process may do the same
  if (!is_roots(roots_cache)) return;
  for (const char* kind : {"kernels", "modules", "images", "prepared", "buildroots"}) {
    remove_dead_links(cache / kind);
    if (!is_roots(roots_cache / kind)) continue;
    fs::create_directories(cache / kind, ignored);
    for (const auto& entry : fs::directory_iterator(roots_cache / kind, ignored)) {
      const fs::path name = entry.path().filename();
      if (!name.string().starts_with(".") && is_roots(entry.path()))
        fs::create_directory_symlink(entry.path(), cache / kind / name, ignored);
    }
  }
}

fs::path find_part(const fs::path& program, const fs::path& part) {
  for (fs::path folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    std::error_code error;
    const fs::path found = fs::canonical(folder / part, error);
    if (!error) return found;
  }
  return program.parent_path().parent_path() / part;
}

Folders find_folders(FolderUse use) {
  const fs::path home = home_folder();
  Folders folders;
  const fs::path caches = ::geteuid() == 0 ? fs::path(system_caches) : home / ".cache";
  folders.cache = made(from_environment("XDG_CACHE_HOME", caches) / "lab", use);
  if (::geteuid() != 0) link_what_root_made(fs::path(system_caches) / "lab", folders.cache);
  folders.state = made(from_environment("XDG_STATE_HOME", home / ".local/state") / "lab", use);
  folders.config = from_environment("XDG_CONFIG_HOME", home / ".config") / "lab";
  if (fs::exists(folders.config)) check_ownership(folders.config, 1);
  // Root's labs see each other's locks in every kind of session, as modules belong to the machine.
  folders.runtime =
      made(::geteuid() == 0 ? fs::path("/run/lab")
                            : from_environment("XDG_RUNTIME_DIR", folders.cache) / "lab",
           use);
  const fs::path program = this_program();
  folders.share = from_environment("LAB_SHARE", find_part(program, "share/lab"));
  folders.reader = from_environment("LAB_READER", find_part(program, "lib/lab/lab-reader"));
  return folders;
}

fs::path this_program() {
  const std::string path = fs::read_symlink("/proc/self/exe");
  constexpr std::string_view replaced = " (deleted)";
  return path.ends_with(replaced) ? path.substr(0, path.size() - replaced.size()) : path;
}

void copy_file(const fs::path& from, const fs::path& to) {
  const Fd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) throw errno_error("make", to.string(), errno);
  read_pieces(from, [&](std::string_view piece) { write_all(out.get(), piece, to.string()); });
  const auto mode = static_cast<mode_t>(fs::status(from).permissions() & fs::perms::mask);
  if (::fchmod(out.get(), mode) != 0) throw errno_error("change", to.string(), errno);
}

void link_or_copy(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) base::copy_file(from, to);
}

fs::path make_temporary_folder(const fs::path& parent, const std::string& prefix) {
  std::string name = (parent / (prefix + ".XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw errno_error("make a folder", name, errno);
  return name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!keep_) fs::remove_all(path_, ignored);
}

}  // namespace lab::base
