// SPDX-License-Identifier: MIT
// The outer VM of the sites svm (AMD SVM, emulated by QEMU), vmx (Intel VMX, emulated by Bochs) and
// kvm (nested): a throwaway machine whose KVM is patched, driven through one disk in and one stream
// of JSON lines out.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/site/emulator.hpp"

namespace lab::site {

using record::Site;

// The site of this name, of those whose trials run in an outer VM. Error (user) for another name.
const Site& outer_site(const std::string& name);

// The outer image as built by images/outer.
struct OuterImage {
  std::filesystem::path disk, kernel, initrd;
  std::string cmdline;
  std::string digest;
  std::filesystem::path boot_cd;  // boots kernel and initrd where neither can be handed over (vmx)
  scenario::Processor processor = scenario::Processor::haswell;  // of site vmx
  std::optional<Emulator> emulator;                              // lab's own; empty: the machine's
};

// Disks and the stream's port have these names in the outer VM, below /dev/lab.
inline constexpr const char* stream_port = "stream";
inline constexpr const char* job_disk_name = "job";

// Of site vmx, where lab's own Bochs was not built.
inline constexpr std::uint64_t most_packaged_bochs_mib = 2048;

// What the guests of a trial, all of this size, need around them. Error (user) where the site's
// outer VMs cannot be so large.
struct OuterSize {
  unsigned vcpus = 2;
  std::uint64_t memory_mib = 4096;
};
OuterSize size_for_guests(const Site& site, unsigned guests, unsigned vcpus,
                          std::uint64_t memory_mib);

// The machine; `disk` is a qcow2 overlay on the image's disk, for Bochs that disk itself.
// Sockets stream, console and agent are made in `sockets`.
guest::DomainSpec outer_spec(const Site& site, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const std::filesystem::path& disk,
                             const std::filesystem::path& sockets);

// Makes an ext4 file from a folder; the same file from the same folder.
void make_job_disk(const std::filesystem::path& folder, const std::filesystem::path& disk);

}  // namespace lab::site
