// SPDX-License-Identifier: MIT
// Handles a domain's QEMU as a process of this machine, to end it where libvirtd does not answer.
// For this folder's .cpp files only.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace lab::guest {

// Finds QEMU by libvirt's own pid file; returns nullopt where there is none, or where it is
// outdated.
std::optional<pid_t> find_qemu(const std::string& domain);

// Ends QEMU by SIGKILL, which also ends a stopped process. Returns the process; nullopt where there
// was none.
std::optional<pid_t> end_qemu(const std::string& domain);

}  // namespace lab::guest
