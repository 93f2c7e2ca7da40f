// SPDX-License-Identifier: MIT
// Reads the host's side of a VM's counts, for a test in the tiny VMM: without lab's own parser, so
// that a mistake in the one does not hide in the other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab::vmm {

// Collects the results of a test in the tiny VMM.
struct Report {
  std::vector<std::string> lines;   // what the test did and saw
  std::vector<std::string> faults;  // the first faults
  unsigned long fault_count = 0;

  void say(std::string line) { lines.push_back(std::move(line)); }
  void fault(std::string what) {
    constexpr unsigned long shown = 20;
    if (fault_count++ < shown) faults.push_back(std::move(what));
  }
  void expect(bool holds, const std::string& what) {
    if (!holds) fault(what);
  }
};

using Fields = std::map<std::string, std::uint64_t, std::less<>>;  // key → value; 0 where missing

struct HostView {
  Fields total;
  std::map<std::uint32_t, Fields> reasons;
  std::vector<Fields> vcpus;
  std::uint64_t kvm_exits = 0;  // as exit_stats says
  std::uint64_t exits = 0;      // KVM's own file, read later
  // At the guest's last read of its total: the total, and KVM's own count before and after the read
  // of all vCPUs.
  std::uint64_t latch_total = 0, latch_kvm_exits = 0, latch_later_kvm_exits = 0;

  std::uint64_t of(std::uint32_t number, std::string_view key) const;
  std::uint64_t sum(std::string_view key) const;  // over the reasons
};

// Reads the counts of the VM with this folder in debugfs.
HostView read_host_view(const std::filesystem::path& folder);

// Reads only KVM's own file `exits`.
std::uint64_t read_kvm_exits(const std::filesystem::path& folder);

// Checks that at rest total = sum of reasons = sum of vCPUs = KVM's own, for counts and cycles.
void expect_consistent(const HostView& view, Report& report);

// Checks that the host counts this number so often.
void expect_count(const HostView& view, std::uint32_t number, std::uint64_t wanted, Report& report);

}  // namespace lab::vmm
