// SPDX-License-Identifier: MIT
// Swapping this machine's kvm modules for the patched ones, and back.
//
// The modules belong to the whole machine, so a lock lets one lab at a time do it, and what is
// about to be done is written down first: a later lab undoes what a killed one left.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/kvm/machine.hpp"
#include "orchestrator/kvm/modules/module_lock.hpp"
#include "orchestrator/kvm/modules/module_state.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/kvm/users.hpp"

namespace lab::kvm {

// Whether the running kernel is one of Debian's packages, by what it says of itself: only for those
// does lab get the source by itself.
bool is_debian_kernel();

// Which of this folder's modules takes which parameter. Error (user) where none has one of them, or
// could take its value for something else. By their files: this machine may have another vendor and
// kernel.
SplitParameters split_by_modules(const std::filesystem::path& modules, exits::Vendor vendor,
                                 const Parameters& parameters);

// Holds the lock. Where modules were swapped, the stock ones come back at its end.
class ModuleSwap {
 public:
  // Error (infrastructure) that names the holder where another lab has the modules.
  explicit ModuleSwap(const std::filesystem::path& runtime);
  ModuleSwap(const ModuleSwap&) = delete;
  ModuleSwap& operator=(const ModuleSwap&) = delete;
  ~ModuleSwap();

  // Loads the patched kvm.ko and the vendor module of this folder, with these parameters and the
  // user's from /etc/modprobe.d. Nothing happens where exactly these are loaded. Error
  // (infrastructure) where a VM or tracing uses KVM, where the modules are for another kernel or
  // the kernel refuses them (the stock ones are back then); Error (user) for an unknown parameter.
  void load(const std::filesystem::path& modules, const Parameters& parameters);

  // Takes over what an earlier lab loaded from this folder and kept, where it still is; otherwise
  // nothing. Only where nobody else can have changed the modules since.
  void adopt(const std::filesystem::path& modules);

  // Puts the stock modules back; also those that an earlier lab swapped.
  void restore();

  // The modules stay as they are when this and lab have ended: for `lab kvm load`.
  void keep();

 private:
  void swap_in(const std::filesystem::path& modules, const SplitParameters& split);

  std::filesystem::path runtime_;
  ModuleLock lock_;
  std::filesystem::path loaded_;  // folder of what is loaded; empty: stock
  Parameters parameters_;
  bool kept_ = false;
};

// Puts back the stock modules where a lab that is no more had swapped them (and not kept them).
// True where it did. Cheap where there is nothing to do.
bool recover_modules(const std::filesystem::path& runtime);

// The parameters of both loaded modules, as /sys/module shows them; empty where none is loaded.
Parameters parameters_in_force();

struct ModuleStatus {
  bool kvm_loaded = false;
  std::string vendor_module;   // "kvm_amd", "kvm_intel", or "" where none is loaded
  std::string patch;           // version of the patch; "" for stock modules
  Parameters parameters;       // of both modules, as /sys/module shows them
  std::vector<KvmUser> users;  // processes that use KVM
  std::string held_by;         // who holds the lock; "" for nobody

  // Only a kernel that has kvm in itself shows parameters without a module.
  bool is_built_in() const { return !kvm_loaded && !parameters.empty(); }
};

ModuleStatus module_status(const std::filesystem::path& runtime);

// What is loaded after restore(), in a sentence without its full stop.
std::string restored_in_words(const ModuleStatus& status);

}  // namespace lab::kvm
