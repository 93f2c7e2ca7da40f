// SPDX-License-Identifier: MIT
// The outer VM of the sites svm (AMD SVM, emulated by QEMU), vmx (Intel VMX, emulated by Bochs) and
// kvm (nested): a throwaway machine whose KVM is patched, driven through one disk in and one stream
// of JSON lines out.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

// The site of this name, of those whose trials run in an outer VM. Error (user) for another name.
const Site& outer_site(const std::string& name);

// Disks and the stream's port have these names in the outer VM, below /dev/lab.
inline constexpr const char* stream_port = "stream";
inline constexpr const char* job_disk_name = "job";

// The machine; `disk` as BackEnd::complete() wants it.
// Sockets stream, console and agent are made in `sockets`.
guest::DomainSpec outer_spec(const Site& site, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const std::filesystem::path& disk,
                             const std::filesystem::path& sockets);

// Makes of it one that counts instructions: with one processor, and without an agent, to which
// libvirt connects when it likes, and the machine is told.
void count_instructions(guest::DomainSpec& spec);

// Makes an ext4 file from a folder; the same file from the same folder.
void make_job_disk(const std::filesystem::path& folder, const std::filesystem::path& disk);

}  // namespace lab::outer
