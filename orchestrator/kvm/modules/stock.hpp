// SPDX-License-Identifier: MIT
// The running kernel's own kvm modules, which must come back whatever happens to their files: an
// upgrade or `apt autoremove` may delete those of a kernel that still runs.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace lab::kvm {

// Copies kvm and the vendor's module ("kvm_amd") into `runtime`, before they are unloaded. Error
// (infrastructure) where their files are not there or of another kernel than the one that runs:
// nothing could load them again.
void keep_stock(const std::filesystem::path& runtime, const std::string& vendor);

// Why keep_stock() would refuse; "" where it would not. `file` finds a module's file (Kmod::file).
std::string why_not_stock(const std::string& vendor, const std::string& release,
                          const std::function<std::filesystem::path(const std::string&)>& file);

// Loads both, as modprobe would; from the copies where that fails.
void load_stock(const std::filesystem::path& runtime, const std::string& vendor);

// The same by these: `probe` loads the vendor's module and what it needs from the kernel's own
// folder, `insert` loads one file.
using Insert = std::function<void(const std::string& module, const std::filesystem::path& file)>;
void load_stock(const std::filesystem::path& runtime, const std::string& vendor,
                const std::function<void()>& probe, const Insert& insert);

void remove_stock(const std::filesystem::path& runtime);

// Where keep_stock() puts its copies.
std::filesystem::path copies_folder(const std::filesystem::path& runtime);

// As keep_stock(), of one module's file, for a kernel of this release.
void keep_module(const std::filesystem::path& file, const std::string& module,
                 const std::string& release, const std::filesystem::path& folder);

}  // namespace lab::kvm
