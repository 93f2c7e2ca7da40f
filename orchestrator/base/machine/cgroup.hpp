// SPDX-License-Identifier: MIT
// Computes how much of the machine this process may use. A container's or service's limits are
// those of its control group; /proc/meminfo and the number of processors do not show them.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lab::base {

// Returns how many processors may run at once: no more than the group's quota has time for, at
// least 1. cgroup v2: cpu.max, v1: cpu.cfs_quota_us (Linux: admin-guide/cgroup-v2.rst,
// scheduler/sched-bwc.rst). `root` holds /proc and /sys.
unsigned usable_processors(unsigned processors, const std::filesystem::path& root = "/");

// Returns the MiB of memory that are still available: no more than the group's limit leaves,
// counting its page cache as free. cgroup v2: memory.max, v1: memory.limit_in_bytes.
std::uint64_t usable_memory_mib(std::uint64_t available_mib,
                                const std::filesystem::path& root = "/");

}  // namespace lab::base
