// SPDX-License-Identifier: MIT
// Kernel kits: a kernel's image, modules, headers and KVM source. Debian's are kept together in the
// cache because mirrors drop old versions one package at a time; those of a kernel tree or of
// packages of one's own are made here.
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

// Debian's suite that outer VMs and the tiny guests are made of, whatever this machine runs: counts
// are the same on all. images/common/recipe.sh names it as well.
inline constexpr const char* outer_suite = "bookworm";

// Debian's suites by age. kvm-patch/suite.sh lists those that kernels are fetched of.
inline constexpr std::string_view suites_by_age[] = {"bullseye", "bookworm", "trixie", "forky",
                                                     "sid"};

// Debian's suite that this machine runs, by /etc/os-release: "bookworm".
std::string machine_suite();

// Returns "6.12" of "6.12.117+deb13-amd64"; "" where the release begins with no series.
std::string parse_series(const std::string& release);

// The kits in the cache: this machine's suite first, then older suites first; in a suite its own
// kernels before backported and cloud ones, the newest release first.
std::vector<KernelKit> list_kits(const std::filesystem::path& cache);

// The kit of this kernel from the cache, or fetched now by kvm-patch/fetch-kit (network, some
// 220 MB, through apt). The selector is one of
// - a release, "6.1.0-56-amd64";
// - a series, "6.12": its newest in the cache, or the newest to be had, in the order of list_kits;
// - a suite, "trixie": what its linux-image-amd64 depends on, asked anew once a day;
// - "newest": that of this machine's suite;
// - a kernel tree's absolute path, behind which "@COMMIT" may stand: built now where it was not
//   (kvm-patch/build-kit: minutes for a kernel, seconds where only its KVM differs from one built);
// - the absolute path of a folder with a kernel's .deb files (kvm-patch/deb-kit: seconds).
// Without a selector: the newest of the outer VMs' suite in the cache, or to be had. Error (user)
// for what is no selector or selects nothing; Error (infrastructure) where fetching fails.
KernelKit find_or_fetch_kit(const std::filesystem::path& cache,
                            const std::filesystem::path& patch_folder,
                            const std::optional<std::string>& selector, const Progress& progress);

// A kernel of Debian whose image, headers and source are to be had in one version.
struct AvailableKernel {
  std::string release, version, suite, compiler;
  bool is_default = false;  // what the suite's linux-image-amd64 depends on
};

// All of them, in the order of list_kits, by the suites' package lists; these are read anew where
// they are missing or older than a day (network). Error (infrastructure) where that fails.
std::vector<AvailableKernel> list_available(const std::filesystem::path& cache,
                                            const std::filesystem::path& patch_folder,
                                            const Progress& progress);

// Reads a kit's info.json. Error (infrastructure) where it is none.
KernelKit open_kit(const std::filesystem::path& path);

}  // namespace lab::kvm
