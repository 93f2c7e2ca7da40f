// SPDX-License-Identifier: MIT
// Keeps copies of the running kernel's own kvm modules, as these must come back: an upgrade or `apt
// autoremove` may delete the files of a kernel that still runs.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace lab::kvm {

// Copies kvm and the vendor's module ("kvm_amd") into `runtime` before they are unloaded. Throws an
// infrastructure error where their files are missing or are for another kernel than the running
// one: nothing could load them again.
void keep_stock(const std::filesystem::path& runtime, const std::string& vendor);

// Returns why keep_stock() would throw, or "". `file` finds a module's file (Kmod::file).
std::string why_not_stock(const std::string& vendor, const std::string& release,
                          const std::function<std::filesystem::path(const std::string&)>& file);

// Returns why load_stock() could load nothing: neither the kernel's own files nor the copies in
// `runtime` are there and for the running kernel; "" where it could.
std::string why_not_back(const std::filesystem::path& runtime, const std::string& vendor,
                         const std::string& release,
                         const std::function<std::filesystem::path(const std::string&)>& file);

// Throws an infrastructure error where load_stock() could load nothing. Call it before modules that
// work are removed.
void check_stock_can_come_back(const std::filesystem::path& runtime, const std::string& vendor);

// Loads both as modprobe does, or from the copies where that fails.
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
