// SPDX-License-Identifier: MIT
// The lines of counts that the patched modules write into the kernel's log (exit_log_every),
// against the counts themselves.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/kvm/kernel_log.hpp"

namespace lab::trial {

// exit_log_every of the plan's parameters; 0: no lines.
std::uint64_t exit_log_every(const std::map<std::string, std::string>& parameters);

// The guest of process `pid`, at rest: each vCPU's totals rise from line to line, each is the sum
// of its line, and the last is no further behind than to where the next line would have come. Lines
// that the kernel left out (it writes ten in five seconds) are told and allowed.
exits::Check check_exit_log(const kvm::KernelLog::Lines& lines, pid_t pid,
                            const exits::HostStats& stats, std::uint64_t every);

}  // namespace lab::trial
