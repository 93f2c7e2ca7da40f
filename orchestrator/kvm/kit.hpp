// SPDX-License-Identifier: MIT
// Kernel kits: a Debian kernel's image, modules, headers and KVM source, kept together in the
// cache because mirrors drop old versions one package at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/kvm/script.hpp"

namespace lab::kvm {

struct KernelKit {
  std::string release;         // as uname -r says it: "6.1.0-56-amd64"
  std::string version;         // of Debian's package: "6.1.192-2"
  std::filesystem::path path;  // kvm-patch/fetch-kit says what lies in it
};

// The kits in the cache, newest release first.
std::vector<KernelKit> list_kits(const std::filesystem::path& cache);

// The kit of this release from the cache, or fetched now by kvm-patch/fetch-kit (network, some
// 220 MB, through the machine's apt). Without a release: the newest in the cache, or the newest
// that apt has where the cache is empty. "newest" asks apt in any case. Error (user) for a name
// that is no release; Error (infrastructure) where a package is not to be had.
KernelKit find_or_fetch_kit(const std::filesystem::path& cache,
                            const std::filesystem::path& patch_folder,
                            const std::optional<std::string>& release, const Progress& progress);

// Reads a kit's info.json. Error (infrastructure) where it is none.
KernelKit open_kit(const std::filesystem::path& path);

}  // namespace lab::kvm
