// SPDX-License-Identifier: MIT
// Which sites work on this machine, found by trying: devices and flags may lie.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/record/site.hpp"

namespace lab::run {

struct Finding {
  std::string name;
  bool ok = false;
  std::string detail;
  std::string remedy;  // the command that mends it, where there is one
};

// MemAvailable of /proc/meminfo, or what this process's control group leaves; 0 where it cannot be
// read.
std::uint64_t available_memory_mib();

// Finds out whether /dev/kvm runs a guest. The device and the processor's flags can lie, so QEMU's
// firmware has to come up under it within 15 s, and some hundred exits of a guest may not take
// longer than a trial could bear: only a guest that ran shows that KVM works.
Finding probe_kvm();

// Whether this machine's KVM offers virtualization to its guests. Under SVM a guest of lab's own
// runs one, whose exits are timed.
Finding probe_nested_kvm();

// Adds to a finding what `lab vmm cost` said of the exits of `whose` guest; not ok where it ended
// otherwise than well, or an exit takes more than five milliseconds.
Finding judge_exits(Finding finding, const std::string& whose, const base::Outcome& outcome);

// Whether this machine is a VM with VMX or SVM whose modules root may swap: not in a container, no
// kernel that takes signed modules only or that lab cannot build modules for, no VM that runs.
Finding probe_here();

// QEMU with emulated SVM.
Finding probe_svm();

// Bochs with emulated VMX.
Finding probe_vmx();

// The first of here (only in a VM), kvm, svm that works; `reason` says why. Given what examine()
// found, it tries nothing again.
struct Choice {
  const record::Site* site = nullptr;  // null where none works
  std::string reason;
};
Choice choose_site(const std::vector<Finding>& found = {});

// Everything `lab doctor` reports, in order.
std::vector<Finding> examine(const base::Folders& folders);

}  // namespace lab::run
