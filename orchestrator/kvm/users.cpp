// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/users.hpp"

#include <algorithm>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

bool is_kvm(const std::string& target) {
  return target == "/dev/kvm" || target.starts_with("anon_inode:kvm-vm") ||
         target.starts_with("anon_inode:kvm-vcpu");
}

bool is_perf(const std::string& target) {
  return target == "anon_inode:[perf_event]";
}

// Checks whether a link in the process's fd folder has such a target.
bool has_open(const fs::path& process, bool (*is_meant)(const std::string&)) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(process / "fd", error)) {
    const fs::path target = fs::read_symlink(entry.path(), error);
    if (!error && is_meant(target.string())) return true;
  }
  return false;
}

// A process's name may contain anything: keeps only what prints well.
std::string read_command(const fs::path& process) {
  return base::printable_ascii(base::read_line(process / "comm")).substr(0, 32);
}

std::vector<KvmUser> find_users(const fs::path& proc, bool (*is_meant)(const std::string&)) {
  std::vector<KvmUser> users;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(proc, error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos &&
        has_open(entry.path(), is_meant))
      users.push_back({std::stoi(name), read_command(entry.path())});
  }
  std::ranges::sort(users, {}, &KvmUser::pid);
  return users;
}

}  // namespace

std::vector<KvmUser> kvm_users(const fs::path& proc) {
  return find_users(proc, is_kvm);
}

std::vector<KvmUser> perf_users(const fs::path& proc) {
  return find_users(proc, is_perf);
}

std::string in_words(const std::vector<KvmUser>& users) {
  std::string text;
  for (const KvmUser& user : users)
    text += (text.empty() ? "" : ", ") + std::to_string(user.pid) + " (" + user.command + ")";
  return text;
}

}  // namespace lab::kvm
