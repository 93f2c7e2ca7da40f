// SPDX-License-Identifier: MIT
// Builds the patched KVM modules for a kernel, once for each kernel and patch.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/script.hpp"

namespace lab::kvm {

// Describes a folder with kvm.ko, kvm-amd.ko and kvm-intel.ko.
struct ModuleSet {
  std::filesystem::path path;
  std::string release;   // of the kernel they are for
  std::string version;   // of the package with their source; "": built from a tree
  std::string patch;     // version of the patch in them
  std::string source;    // KernelKit::kvm_source of what they were built from
  std::string compiler;  // "12.2.0"
  std::string warning;   // a problem with the build; or ""
  std::vector<std::pair<std::string, double>> seconds;  // what each step of the build took
  bool built = false;                                   // now; false: found in the cache
};

// Returns "1-" and 12 hexadecimal digits of the digest of all files that the modules depend on.
std::string patch_version(const std::filesystem::path& patch_folder);

// Returns the modules of this kernel and patch, from the cache or built by kvm-patch/build-modules
// (about a minute; another suite's first build also makes its build root). Throws an infrastructure
// error where a tool is missing or the build fails.
ModuleSet build_modules(const KernelKit& kit, const std::filesystem::path& patch_folder,
                        const std::filesystem::path& cache, const Progress& progress);

// Returns whether build_modules() would take them from the cache or from the shared one.
bool are_built(const KernelKit& kit, const std::filesystem::path& patch_folder,
               const std::filesystem::path& cache);

// A user's own kernel: its source tree (arch/x86/kvm and virt/kvm are taken from it), and the
// folder that `make -C` takes to build modules for it (configured, with Module.symvers).
struct KernelTree {
  std::filesystem::path source, headers;
};

// Does the same for such a kernel. The cache serves it where the tree's KVM, configuration and
// symbols equal those of an earlier build. Throws a user error where the folders are no such tree.
ModuleSet build_modules(const KernelTree& tree, const std::filesystem::path& patch_folder,
                        const std::filesystem::path& cache, const Progress& progress);

// Reads build.json of a folder of modules. Throws an infrastructure error where it is not valid.
ModuleSet open_modules(const std::filesystem::path& path);

// Returns all modules in the cache.
std::vector<ModuleSet> list_modules(const std::filesystem::path& cache);

}  // namespace lab::kvm
