// SPDX-License-Identifier: MIT
// A domain's QEMU as a process of this machine: it can be ended where libvirtd does not answer. For
// this folder's .cpp files only.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace lab::guest {

// By libvirt's own note; nullopt where there is none, or where it is out of date.
std::optional<pid_t> find_qemu(const std::string& domain);

// By SIGKILL, which ends a stopped process, too. The process that it was; nullopt where there was
// none.
std::optional<pid_t> end_qemu(const std::string& domain);

}  // namespace lab::guest
