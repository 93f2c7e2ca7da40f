// SPDX-License-Identifier: MIT
// The host's view of a VM's exits, under KVM's debugfs folder. Reading it does not disturb the
// guest.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "orchestrator/exits/host_stats.hpp"

namespace lab::kvm {

class VmCounters {
 public:
  // Of the VM that this process (QEMU) has. Error (infrastructure) where it has none, where
  // debugfs cannot be read, or where kvm is not patched.
  static VmCounters find(pid_t pid, const std::filesystem::path& debugfs = "/sys/kernel/debug/kvm");

  // The counters of lab's patch. Error (infrastructure) where the VM is gone or the text is not
  // what the patch writes.
  exits::HostStats read() const;

  // KVM's own statistic `exits` of the VM.
  std::uint64_t read_kvm_exits() const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit VmCounters(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path folder_;
};

}  // namespace lab::kvm
