// SPDX-License-Identifier: MIT
// Describes this machine: its kernel and processors.
#pragma once

#include <string>
#include <string_view>

namespace lab::base {

// Returns the running kernel's release: "6.1.0-56-amd64".
std::string running_kernel();
// Returns its build version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-05-22)".
std::string running_kernel_version();

// Returns the value of the first line "name : value" of /proc/cpuinfo; "" where there is none.
std::string cpu_field(const std::string& name);

// Returns whether the processor's flags contain this one: "svm".
bool cpu_has(std::string_view flag);

// Returns "2 x AMD EPYC 7B13" as one line of printable ASCII, at most 128 characters; "" where the
// model is not known.
std::string host_in_words(unsigned processors, std::string_view model);
std::string this_host();  // host_in_words() of this machine

// Adds the system folders (of mke2fs, modprobe, libvirtd) to PATH: that of services and cron jobs
// often lacks them.
void add_system_folders_to_path();

}  // namespace lab::base
