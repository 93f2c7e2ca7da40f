// SPDX-License-Identifier: MIT
// Swaps this machine's kvm modules for the patched ones, and back.
//
// The modules belong to the whole machine, so a lock lets only one lab swap them at a time. Lab
// first records what it is about to do: a later lab undoes what a killed one left.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/kvm/machine.hpp"
#include "orchestrator/kvm/modules/module_lock.hpp"
#include "orchestrator/kvm/modules/module_state.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/kvm/users.hpp"

namespace lab::kvm {

// Returns the version of Debian's package that a kernel is of: "6.1.192-2" from "#1 SMP
// PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)"; "" from others, whose source lab cannot fetch.
std::string debian_version(const std::string& kernel_version);

// Assigns each parameter to a module of this folder. Reads the modules' files, as this machine may
// have another vendor and kernel. Throws a user error for a parameter that no module has, or whose
// value would be read as something else.
SplitParameters split_by_modules(const std::filesystem::path& modules, exits::Vendor vendor,
                                 const Parameters& parameters);

// Decides when lab gives up swapping modules that something else uses or loads meanwhile. Counts
// attempts, too, as an outer VM that still boots takes seconds for one.
class Patience {
 public:
  static constexpr unsigned attempts = 10;

  explicit Patience(double seconds) : seconds_(seconds) {}

  // Is called after each attempt. Returns whether none should follow.
  bool is_over() { return ++made_ >= attempts && watch_.seconds() > seconds_; }

 private:
  base::Stopwatch watch_;
  double seconds_;
  unsigned made_ = 0;
};

// Holds the lock. Its destructor puts the stock modules back where they were swapped.
class ModuleSwap {
 public:
  // Throws an infrastructure error that names the holder where another lab has the modules.
  explicit ModuleSwap(const std::filesystem::path& runtime);
  ModuleSwap(const ModuleSwap&) = delete;
  ModuleSwap& operator=(const ModuleSwap&) = delete;
  ~ModuleSwap();

  // Loads this folder's patched kvm.ko and vendor module, with these parameters and the user's from
  // /etc/modprobe.d. Does nothing where exactly these are loaded. Throws an infrastructure error
  // where a VM or tracing uses KVM, the modules are for another kernel or the kernel refuses them
  // (the stock ones are back then); a user error for an unknown parameter.
  void load(const std::filesystem::path& modules, const Parameters& parameters);

  // Takes over modules of this folder that an earlier lab loaded and kept, if they are still
  // loaded; else does nothing. Call it only where nobody else can have changed the modules since.
  void adopt(const std::filesystem::path& modules);

  // Puts the stock modules back, also where an earlier lab swapped them. Throws an infrastructure
  // error, and removes none, in a container and where the stock ones could not be loaded.
  void restore();

  // Leaves the modules as they are after this object and lab have ended: for `lab kvm load`.
  void keep();

 private:
  void swap_in(const std::filesystem::path& modules, const SplitParameters& split);

  std::filesystem::path runtime_;
  ModuleLock lock_;
  std::filesystem::path loaded_;  // folder of the loaded modules; empty: stock
  Parameters parameters_;
  bool kept_ = false;
};

// Puts the stock modules back where a lab that has ended swapped them (and did not keep them).
// Returns whether it did. It is cheap where there is nothing to do. In a container it leaves that
// to the host's next lab.
bool recover_modules(const std::filesystem::path& runtime);

// Returns the parameters of both loaded modules from /sys/module; empty where none is loaded.
Parameters parameters_in_force();

struct ModuleStatus {
  bool kvm_loaded = false;
  std::string vendor_module;   // "kvm_amd", "kvm_intel", or "" where none is loaded
  std::string patch;           // version of the patch; "" for stock modules
  Parameters parameters;       // of both modules, as /sys/module shows them
  std::vector<KvmUser> users;  // processes that use KVM
  std::string held_by;         // who holds the lock; "" for nobody

  // Without a module only a kernel with a built-in kvm shows parameters.
  bool is_built_in() const { return !kvm_loaded && !parameters.empty(); }
};

ModuleStatus module_status(const std::filesystem::path& runtime);

// Describes what is loaded after restore(), as a sentence without its full stop.
std::string restored_in_words(const ModuleStatus& status);

}  // namespace lab::kvm
