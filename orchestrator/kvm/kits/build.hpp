// SPDX-License-Identifier: MIT
// Building the patched KVM modules for a kernel, once for each kernel and patch.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/script.hpp"

namespace lab::kvm {

// kvm.ko, kvm-amd.ko and kvm-intel.ko in one folder.
struct ModuleSet {
  std::filesystem::path path;
  std::string release;   // of the kernel they are for
  std::string version;   // of the package with their source; "": built from a tree
  std::string patch;     // version of the patch in them
  std::string source;    // KernelKit::kvm_source of what they were built from
  std::string compiler;  // "12.2.0"
  std::string warning;   // what is not as it should be; or ""
  std::vector<std::pair<std::string, double>> seconds;  // what each step of the build took
  bool built = false;                                   // now; false: found in the cache
};

// "1-" and 12 hexadecimal digits of the digest of all files that decide what the modules are.
std::string patch_version(const std::filesystem::path& patch_folder);

// The modules of this kernel and patch, from the cache or built now by kvm-patch/build-modules
// (about a minute; another suite's first build makes the root that it is built in, too). Error
// (infrastructure) where a tool is missing or the build fails.
ModuleSet build_modules(const KernelKit& kit, const std::filesystem::path& patch_folder,
                        const std::filesystem::path& cache, const Progress& progress);

// A kernel of one's own: a source tree (arch/x86/kvm and virt/kvm are taken from it), and the
// folder that `make -C` takes to build modules for it (configured, with Module.symvers).
struct KernelTree {
  std::filesystem::path source, headers;
};

// The same for such a kernel, from the cache where the tree's KVM, configuration and symbols are
// those of an earlier build. Error (user) where the folders are none.
ModuleSet build_modules(const KernelTree& tree, const std::filesystem::path& patch_folder,
                        const std::filesystem::path& cache, const Progress& progress);

// Reads a folder of modules' build.json. Error (infrastructure) where it is none.
ModuleSet open_modules(const std::filesystem::path& path);

// All in the cache.
std::vector<ModuleSet> list_modules(const std::filesystem::path& cache);

}  // namespace lab::kvm
