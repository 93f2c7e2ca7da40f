// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/account.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> all_in(const fs::path& path) {
  std::vector<fs::path> paths{path};
  if (!fs::is_directory(fs::symlink_status(path))) return paths;
  for (const auto& entry : fs::recursive_directory_iterator(path)) paths.push_back(entry.path());
  return paths;
}

void check_call(int result, const char* operation, const fs::path& path) {
  if (result != 0) throw errno_error(operation, path.string(), errno);
}

// Lab's temporary folders are closed to others. Lets the account reach files in one by name.
void open_folder(const fs::path& folder, const Account& account) {
  struct stat found {};
  check_call(::stat(folder.c_str(), &found), "look at", folder);
  if (found.st_uid != ::geteuid() || (found.st_mode & S_IXOTH) != 0) return;
  check_call(::chown(folder.c_str(), uid_t(-1), account.group), "hand over", folder);
  check_call(::chmod(folder.c_str(), (found.st_mode & 0777) | S_IXGRP), "open", folder);
}

// libvirt starts QEMU with these: the user's own first group, too, whatever the account's is.
std::vector<gid_t> groups_of(const Account& account) {
  std::vector<gid_t> groups(1024);
  int count = static_cast<int>(groups.size());
  const passwd* found = ::getpwuid(account.user);
  if (found == nullptr || ::getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) < 0)
    count = 0;
  groups.resize(static_cast<std::size_t>(count));
  groups.push_back(account.group);
  return groups;
}

}  // namespace

bool can_open(const Account& account, const fs::path& path, int access) {
  if (::geteuid() != 0) return ::access(path.c_str(), access) == 0;
  const std::string text = path.string();
  const std::vector<gid_t> groups = groups_of(account);
  const pid_t child = ::fork();
  if (child < 0) throw errno_error("start", "a process", errno);
  if (child == 0) {
    // Uses system calls: glibc's functions would change the other threads, too, and a child has
    // none.
    if (::syscall(SYS_setgroups, groups.size(), groups.data()) != 0 ||
        ::syscall(SYS_setresgid, account.group, account.group, account.group) != 0 ||
        ::syscall(SYS_setresuid, account.user, account.user, account.user) != 0)
      ::_exit(2);
    ::_exit(::access(text.c_str(), access) == 0 ? 0 : 1);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool can_read_all(const Account& account, const std::vector<fs::path>& files,
                  const std::string& who) {
  const auto unreadable = std::ranges::find_if(
      files, [&](const fs::path& file) { return !can_open(account, file, R_OK); });
  if (unreadable == files.end()) return true;
  spdlog::warn("{} runs as root: user {} cannot read '{}'", who, account.user,
               unreadable->string());
  return false;
}

void give(const fs::path& file, const Account& account) {
  const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) throw errno_error("open", file.string(), errno);
  check_call(::fchown(fd.get(), account.user, account.group), "hand over", file);
  open_folder(file.parent_path(), account);
}

void give_folder(const fs::path& folder, const Account& account) {
  for (const fs::path& path : all_in(folder))
    check_call(::lchown(path.c_str(), account.user, account.group), "hand over", path);
  open_folder(folder.parent_path(), account);
}

void take_back(const fs::path& path) {
  for (const fs::path& each : all_in(path)) {
    check_call(::lchown(each.c_str(), ::geteuid(), ::getegid()), "take back", each);
    if (!fs::is_symlink(each))
      fs::permissions(each, fs::is_directory(each) ? fs::perms(0755) : fs::perms(0644));
  }
}

std::optional<Account> account_for_emulators() {
  if (::geteuid() != 0) return std::nullopt;
  for (const char* name : {"libvirt-qemu", "qemu", "nobody"})
    if (const passwd* found = ::getpwnam(name)) return Account{found->pw_uid, found->pw_gid};
  return std::nullopt;
}

}  // namespace lab::base
