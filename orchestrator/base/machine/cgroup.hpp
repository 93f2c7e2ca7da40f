// SPDX-License-Identifier: MIT
// What this process may use of the machine: a container's or a service's limits are those of its
// control group, and /proc/meminfo and the number of processors do not know them.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lab::base {

// Processors that may run at once: no more than the group's quota has time for, at least 1.
// cgroup v2: cpu.max, v1: cpu.cfs_quota_us (Linux: admin-guide/cgroup-v2.rst,
// scheduler/sched-bwc.rst). `root` holds /proc and /sys.
unsigned usable_processors(unsigned processors, const std::filesystem::path& root = "/");

// MiB of memory that can still be had: no more than what the group's limit leaves, counting its
// page cache as free. cgroup v2: memory.max, v1: memory.limit_in_bytes.
std::uint64_t usable_memory_mib(std::uint64_t available_mib,
                                const std::filesystem::path& root = "/");

}  // namespace lab::base
