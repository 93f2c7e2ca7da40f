// SPDX-License-Identifier: MIT
#include "orchestrator/base/stop_check.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::base {
namespace {

// By a signal: a debugger's is another state. False for a process that is gone.
bool is_stopped(pid_t process) {
  try {
    const std::string stat = read_file("/proc/" + std::to_string(process) + "/stat");
    return stat.find(") T ", stat.rfind(')')) != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

void StopCheck::check(pid_t process) {
  if (!is_stopped(process)) return stopped_.reset();
  if (!stopped_) stopped_.emplace();
  if (stopped_->seconds() < patience_) return;
  const std::string pid = std::to_string(process);
  throw infrastructure_error(
      name_ + " (process " + pid + ") was stopped by a signal, and nobody let it go on",
      "find out who stops it (SIGSTOP); kill -CONT " + pid + " would have let it go on");
}

}  // namespace lab::base
