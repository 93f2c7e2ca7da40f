// SPDX-License-Identifier: MIT
// Lists the users of KVM, who prevent its modules from being swapped.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace lab::kvm {

struct KvmUser {
  pid_t pid = 0;
  std::string command;  // as /proc/PID/comm says it

  bool operator==(const KvmUser&) const = default;
};

// Returns the processes that have /dev/kvm or a VM open, as far as this user may see them.
std::vector<KvmUser> kvm_users(const std::filesystem::path& proc = "/proc");

// Returns the processes that have perf events open. A perf on kvm's events holds kvm.ko though no
// process has /dev/kvm open; which events they are cannot be seen from outside.
std::vector<KvmUser> perf_users(const std::filesystem::path& proc = "/proc");

// Returns "123 (qemu-system-x86), 456 (qemu-system-x86)".
std::string in_words(const std::vector<KvmUser>& users);

}  // namespace lab::kvm
