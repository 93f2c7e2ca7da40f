// SPDX-License-Identifier: MIT
// What this machine says of itself.
#pragma once

#include <string>
#include <string_view>

namespace lab::base {

// The release of the kernel that runs here: "6.1.0-56-amd64".
std::string running_kernel();
// What it says of its making: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-05-22)".
std::string running_kernel_version();

// The value of the first line "name : value" of /proc/cpuinfo; "" where there is none.
std::string cpu_field(const std::string& name);

// Whether the processor's flags name this one: "svm".
bool cpu_has(std::string_view flag);

// "2 x AMD EPYC 7B13": one line of printable ASCII, at most 128 characters; "" where the model is
// not known.
std::string host_in_words(unsigned processors, std::string_view model);
std::string this_host();  // this machine's

// Has programs found in the system's own folders (mke2fs, modprobe, libvirtd), too: the PATH that
// services and cron's jobs have often ends before these.
void add_system_folders_to_path();

}  // namespace lab::base
