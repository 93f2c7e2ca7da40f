// SPDX-License-Identifier: MIT
// The outer VM of the sites svm (emulated AMD SVM) and kvm (nested): a throwaway machine whose KVM
// is patched, driven through one disk in and one stream of JSON lines out.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain.hpp"

namespace lab::site {

enum class OuterKind { svm, kvm };

OuterKind outer_kind(const std::string& site);  // Error (user) for another site

// The outer image as built by images/outer.
struct OuterImage {
  std::filesystem::path disk, kernel, initrd;
  std::string cmdline;
  std::string digest;
  std::filesystem::path emulator;  // of those that are emulated; empty: libvirt's choice
};

inline constexpr const char* stream_port = "lab.stream.0";

// The emulator for guests with nested or with shadow paging; empty: libvirt's choice. QEMU before
// 8.1 makes emulated outer VMs hang now and then; QEMU 10 does not, but with shadow paging its
// guests read the shadow table's CR3 and die. So the newer one, which ci/setup puts beside Debian
// 12's, is for nested paging only, and without it an emulated outer VM has one processor, which
// cannot race with itself.
std::filesystem::path emulator_for(bool shadow_paging);

// What the guests of a trial, all of this size, need around them.
struct OuterSize {
  unsigned vcpus = 2;
  std::uint64_t memory_mib = 4096;
};
OuterSize size_for_guests(unsigned guests, unsigned vcpus, std::uint64_t memory_mib);

// The domain of an outer VM; `disk` is a qcow2 overlay on the image's disk.
// Sockets stream, console and agent are made in `sockets`.
guest::DomainSpec outer_spec(OuterKind kind, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const std::filesystem::path& disk,
                             const std::filesystem::path& sockets);

// Makes an ext4 file with the label LABJOB from a folder.
void make_job_disk(const std::filesystem::path& folder, const std::filesystem::path& disk);

}  // namespace lab::site
