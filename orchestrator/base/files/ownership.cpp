// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/folders.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/text/pattern.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

std::string user_name(uid_t user) {
  const passwd* account = ::getpwuid(user);
  const std::string number = "uid " + std::to_string(user);
  return account != nullptr ? "'" + std::string(account->pw_name) + "' (" + number + ")" : number;
}

void check_owner(const fs::path& path, const struct stat& status) {
  const uid_t self = ::geteuid();
  if (status.st_uid == self || status.st_uid == 0) return;
  const char* remedy =
      self == 0
          ? "sudo -H lab … takes root's own folders; or, where you trust all that is in it: "
            "chown -R root: "
          : "set HOME and the XDG_*_HOME variables to folders of your own; or remove it: rm -r ";
  throw user_error("'" + path.string() + "' belongs to user " + user_name(status.st_uid) +
                       ", not to " + user_name(self) + ": lab trusts what is in it",
                   remedy + path.string());
}

void check_writers(const fs::path& path, const struct stat& status) {
  const bool by_all = (status.st_mode & S_IWOTH) != 0;
  if (!by_all && ((status.st_mode & S_IWGRP) == 0 || status.st_gid == ::getegid())) return;
  throw user_error("'" + path.string() + "' can be written by " +
                       (by_all ? "everyone" : "group " + std::to_string(status.st_gid)) +
                       ": lab trusts what is in it",
                   "where you trust all that is in it: chmod -R go-w " + path.string());
}

// Recognizes a run's folder, "4674.JzuzuN" (run_folder.hpp), a half-made one (atomic_folder.hpp),
// and that of `lab outer up`.
bool is_in_use(const fs::path& folder) {
  static const Pattern run(R"(\.?[0-9]+\.[A-Za-z0-9]{6})");
  const std::string name = folder.filename().string();
  return name.starts_with(half_made_prefix) || name == "outer" || run.matches(name);
}

void check_entries(const fs::path& folder, int levels) {
  std::error_code gone;  // another lab makes and removes things meanwhile
  for (fs::directory_iterator at(folder, gone), end; !gone && at != end; at.increment(gone))
    check_ownership(at->path(), levels);
}

}  // namespace

void check_ownership(const fs::path& path, int levels) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == EACCES) return;
    throw errno_error("look at", path.string(), errno);
  }
  check_owner(path, status);
  if (S_ISLNK(status.st_mode) || (status.st_mode & S_ISVTX) != 0) return;
  check_writers(path, status);
  if (S_ISDIR(status.st_mode) && levels > 0 && !is_in_use(path)) check_entries(path, levels - 1);
}

}  // namespace lab::base
