// SPDX-License-Identifier: MIT
// Provides kernel kits: a kernel's image, modules, headers and KVM source. The cache keeps Debian's
// together, as mirrors drop old versions one package at a time; lab makes those of a user's kernel
// tree or packages.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/kvm/kits/script.hpp"

namespace lab::kvm {

struct KernelKit {
  std::string release;  // as uname -r says it: "6.1.0-56-amd64"
  std::string version;  // of Debian's package: "6.1.192-2"; of one's own: digits for its files
  std::filesystem::path path;  // kvm-patch/fetch-kit says what lies in it
  std::string suite;           // Debian's suite it comes from: "bookworm"; "" of one's own
  std::string compiler;        // what Debian built it with: "gcc-12"; "" in kits of older labs
  std::string kvm_source;      // of one's own: 12 digits for arch/x86/kvm and virt/kvm; else ""
};

// Debian's suite that outer VMs and the tiny guests consist of, on any machine: so counts are the
// same everywhere. images/common/recipe.sh names it as well.
inline constexpr const char* outer_suite = "bookworm";

// Debian's suites by age. kvm-patch/suite.sh lists those that lab fetches kernels from.
inline constexpr std::string_view suites_by_age[] = {"bullseye", "bookworm", "trixie", "forky",
                                                     "sid"};

// Returns the Debian suite that this machine runs, from /etc/os-release: "bookworm".
std::string machine_suite();

// Returns "6.12" of "6.12.117+deb13-amd64"; "" where the release begins with no series.
std::string parse_series(const std::string& release);

// Returns the kits in the cache: this machine's suite first, then from the oldest suite on; within
// a suite its own kernels before backported and cloud ones, the newest release first.
std::vector<KernelKit> list_kits(const std::filesystem::path& cache);

// Returns this kernel's kit from the cache, or fetches it by kvm-patch/fetch-kit (network, some 220
// MB, through apt). The selector is one of
// - a release, "6.1.0-56-amd64";
// - a series, "6.12": its newest in the cache, or else available, in the order of list_kits;
// - a suite, "trixie": the kernel that its linux-image-amd64 depends on, looked up once a day;
// - "newest": the kernel of this machine's suite;
// - a kernel tree's absolute path, optionally with "@COMMIT": kvm-patch/build-kit builds it where
//   the cache lacks it (minutes for a kernel, seconds where only its KVM differs from a built one);
// - the absolute path of a folder with a kernel's .deb files (kvm-patch/deb-kit: seconds).
// Without a selector it takes the newest of the outer VMs' suite in the cache, or else available.
// A kit that has a file of another size than it had is fetched or built anew.
// Throws a user error where the selector is not valid or selects nothing; an infrastructure error
// where fetching fails.
KernelKit find_or_fetch_kit(const std::filesystem::path& cache,
                            const std::filesystem::path& patch_folder,
                            std::optional<std::string> selector, const Progress& progress);

// Returns the kit that find_or_fetch_kit would take from this cache or from the shared one, where
// it still lies; nullopt where it would have to be made, or is of a kernel of one's own.
std::optional<KernelKit> find_kit(const std::filesystem::path& cache,
                                  const std::optional<std::string>& selector);

// A Debian kernel whose image, headers and source are available in one version.
struct AvailableKernel {
  std::string release, version, suite, compiler;
  bool is_default = false;  // the suite's linux-image-amd64 depends on it
};

// Returns all of them, in the order of list_kits, from the suites' package lists. Fetches lists
// that are missing or older than a day (network). Throws an infrastructure error where that fails.
std::vector<AvailableKernel> list_available(const std::filesystem::path& cache,
                                            const std::filesystem::path& patch_folder,
                                            const Progress& progress);

// Reads a kit's info.json. Throws an infrastructure error where it is not valid.
KernelKit open_kit(const std::filesystem::path& path);

}  // namespace lab::kvm
