// SPDX-License-Identifier: MIT
// Finds out by trial which sites work on this machine: devices and flags may lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/record/site.hpp"

namespace lab::run {

struct Finding {
  std::string name;
  bool ok = false;
  std::string detail;
  std::string remedy;  // the command that fixes it, if any
};

// Finds out whether /dev/kvm runs a guest. The device and the processor's flags can lie, so QEMU's
// firmware has to come up under it within 15 s, and some hundred exits of a guest may not take
// longer than a trial could bear: only a guest that ran shows that KVM works. The user to whom
// libvirt gives QEMU has to have access, too.
Finding probe_kvm();

// Returns why QEMU could not use a device like /dev/kvm as this user, or "".
std::string why_not_for_qemu(const std::optional<base::Account>& account,
                             const std::filesystem::path& device);

// Finds out whether this machine's KVM offers virtualization to its guests. Under SVM lab's own
// guest runs a guest, whose exits are timed.
Finding probe_nested_kvm();

// Adds to a finding what `lab vmm cost` printed about the exits of `whose` guest. The finding is
// not ok if the command failed or an exit takes more than five milliseconds.
Finding judge_exits(Finding finding, const std::string& whose, const base::Outcome& outcome);

// Describes the machine whose own modules lab may swap: this one, or a test's.
struct OwnMachine {
  std::filesystem::path root = "/";  // contains /proc, /run and /sys
  std::filesystem::path cache;       // lab's, with its kernels
  unsigned user = 0;                 // who runs lab
  std::string release, version;      // of the running kernel, as uname -r and -v say them
  // Returns the file of one of the running kernel's own modules; empty where there is none.
  std::function<std::filesystem::path(const std::string& module)> module_file;
};

// Returns why `auto` does not swap the machine's own modules, or "". It takes a VM with VMX or SVM
// where lab runs as root and in no container, whose kernel takes unsigned modules, whose own
// modules could be loaded again, which runs no VM, and whose kernel's kit lab has or can have.
std::string why_not_here(const OwnMachine& machine);

// Finds out whether `auto` may take this machine: why_not_here() has no objection, and KVM works.
Finding probe_here(const std::filesystem::path& cache);

// Tries QEMU with emulated SVM.
Finding probe_svm();

// Tries Bochs with emulated VMX.
Finding probe_vmx();

// Chooses the first site that works of here (only in a VM), kvm and svm; `reason` says why. With
// examine()'s findings it tries nothing again.
struct Choice {
  const record::Site* site = nullptr;  // null where none works
  std::string reason;
};
Choice choose_site(const std::vector<Finding>& found = {});

// Return what an outer VM can have of this machine's memory and processors: no more than this
// process may use of them. `root` holds /proc and /sys.
Finding probe_memory(const std::filesystem::path& root = "/");
Finding probe_processors(const std::filesystem::path& root = "/");

// Says whether lab can make kernels, modules and images here. `root` holds /etc and /usr.
Finding probe_distribution(const std::filesystem::path& root = "/");

// Returns everything that `lab doctor` reports, in order.
std::vector<Finding> examine(const base::Folders& folders);

}  // namespace lab::run
