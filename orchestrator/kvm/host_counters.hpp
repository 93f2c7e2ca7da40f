// SPDX-License-Identifier: MIT
// The host's view of a VM's exits, under KVM's debugfs folder. Reading it does not disturb the
// guest.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/exits/causes.hpp"
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

  // The causes of its exits. Error (infrastructure) where the modules count none (exit_causes=0,
  // or modules without them).
  exits::HostCauses read_causes() const;

  // The same as of now, for vCPUs that run, too: `latched` and `latched_reasons`.
  exits::HostCauses latch_causes() const;

  // KVM's own statistic `exits` of the VM.
  std::uint64_t read_kvm_exits() const;

  // Keeps the VM and its counts in the kernel until this object goes, even when its process has
  // ended: what a guest that powered off did can be read then. Meanwhile the kvm modules are in
  // use. Error (infrastructure) where the process is gone already.
  void hold();

  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit VmCounters(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path causes_file() const;

  std::filesystem::path folder_;
  base::Fd held_;  // the VM itself
};

}  // namespace lab::kvm
