// SPDX-License-Identifier: MIT
// Describes this machine: its kernel and processors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace lab::base {

// Returns the running kernel's release: "6.1.0-56-amd64".
std::string running_kernel();
// Returns its build version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-05-22)".
std::string running_kernel_version();

// Returns the value of the first line "name : value" of /proc/cpuinfo; "" where there is none.
// `root` contains /proc.
std::string cpu_field(const std::string& name, const std::filesystem::path& root = "/");

// Returns whether the processor's flags contain this one: "svm".
bool cpu_has(std::string_view flag, const std::filesystem::path& root = "/");

// Returns "2 x AMD EPYC 7B13" as one line of printable ASCII, at most 128 characters; "" where the
// model is not known.
std::string host_in_words(unsigned processors, std::string_view model);
std::string this_host();  // host_in_words() of this machine

// Adds the system folders (of mke2fs, modprobe, libvirtd) to PATH: that of services and cron jobs
// often lacks them.
void add_system_folders_to_path();

// These compute how much of the machine this process may use (cgroup.cpp). A container's or
// service's limits are those of its control group; /proc/meminfo and the number of processors do
// not show them.
//
// Returns how many processors may run at once: no more than the group's quota has time for, at
// least 1. cgroup v2: cpu.max, v1: cpu.cfs_quota_us (Linux: admin-guide/cgroup-v2.rst,
// scheduler/sched-bwc.rst). `root` holds /proc and /sys.
unsigned usable_processors(unsigned processors, const std::filesystem::path& root = "/");
// Returns that for the processors on which this process may run: those of its cpuset (Docker's
// --cpuset-cpus, Slurm's cores, systemd's AllowedCPUs) and its affinity.
unsigned available_processors(const std::filesystem::path& root = "/");

// Returns the MiB of memory that are still available: no more than the group's limit leaves,
// counting its page cache as free. cgroup v2: memory.max, v1: memory.limit_in_bytes.
std::uint64_t usable_memory_mib(std::uint64_t available_mib,
                                const std::filesystem::path& root = "/");
// Returns that for /proc/meminfo's MemAvailable; 0 where it cannot be read.
std::uint64_t available_memory_mib(const std::filesystem::path& root = "/");

}  // namespace lab::base
