// SPDX-License-Identifier: MIT
// Compares the lines of counts that the patched modules write into the kernel's log
// (exit_log_every) with the counts themselves.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/host_stats.hpp"
#include "orchestrator/kvm/kernel_log.hpp"

namespace lab::trial {

// Returns exit_log_every from the plan's parameters; 0 means that no lines are written.
std::uint64_t exit_log_every(const std::map<std::string, std::string>& parameters);

// Checks the guest of process `pid`, at rest: each vCPU's totals rise from line to line, each total
// is the sum of its line, and the last total lags by less than the interval to the next line. Lines
// that the kernel left out (it writes ten in five seconds) are reported and allowed.
exits::Check check_exit_log(const kvm::KernelLog::Lines& lines, pid_t pid,
                            const exits::HostStats& stats, std::uint64_t every);

}  // namespace lab::trial
