// SPDX-License-Identifier: MIT
// Defines the outer VM of the sites svm (AMD SVM, emulated by QEMU), vmx (Intel VMX, emulated by
// Bochs) and kvm (nested): a throwaway machine whose KVM is patched, driven through one disk in and
// one stream of JSON lines out.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

// Returns the site of this name among those that run trials in an outer VM. Throws a user error for
// any other name.
const Site& outer_site(const std::string& name);

// Disks and the stream's port have these names in the outer VM, below /dev/lab.
inline constexpr const char* stream_port = "stream";
inline constexpr const char* job_disk_name = "job";

// Returns the machine; `disk` is what BackEnd::complete() needs. Creates the sockets stream,
// console and agent in `sockets`.
guest::DomainSpec outer_spec(const Site& site, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const std::filesystem::path& disk,
                             const std::filesystem::path& sockets);

// Makes the machine count instructions: it gets one processor and no agent, to which libvirt
// connects at any time, which the machine notices.
void count_instructions(guest::DomainSpec& spec);

// Makes an ext4 file from a folder; the same folder gives the same file.
void make_job_disk(const std::filesystem::path& folder, const std::filesystem::path& disk);

}  // namespace lab::outer
