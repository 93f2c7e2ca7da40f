// SPDX-License-Identifier: MIT
// Reads the host's counts of a VM's exits from KVM's debugfs folder. Reading them does not disturb
// the guest.
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
  // Finds the VM of this process (QEMU). Throws an infrastructure error where it has none, where
  // debugfs cannot be read, or where kvm is not patched.
  static VmCounters find(pid_t pid, const std::filesystem::path& debugfs = "/sys/kernel/debug/kvm");

  // Reads the counters of lab's patch. Throws an infrastructure error where the VM is gone or the
  // text is not what the patch writes.
  exits::HostStats read() const;

  // Reads the causes of its exits. Throws an infrastructure error where the modules count none
  // (exit_causes=0, or modules without them).
  exits::HostCauses read_causes() const;

  // Reads the causes as of now, of running vCPUs, too: sets `latched` and `latched_reasons`.
  exits::HostCauses latch_causes() const;

  // Reads KVM's own statistic `exits` of the VM.
  std::uint64_t read_kvm_exits() const;

  // Keeps the VM and its counts in the kernel until this object is destroyed, even after its
  // process has ended: so the counts of a guest that powered off can still be read. Meanwhile the
  // kvm modules are in use. Throws an infrastructure error where the process is gone already.
  void hold();

  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit VmCounters(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path causes_file() const;

  std::filesystem::path folder_;
  base::Fd held_;  // the VM itself
};

}  // namespace lab::kvm
