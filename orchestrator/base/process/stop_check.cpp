// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/stop_check.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::base {
bool is_stopped(const std::filesystem::path& process) {
  try {
    const std::string stat = read_file(process / "stat");
    return stat.find(") T ", stat.rfind(')')) != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

std::string process_name(const std::filesystem::path& process) {
  return read_line(process / "comm");
}

void StopCheck::check(pid_t process) {
  const std::string pid = std::to_string(process);
  if (!is_stopped("/proc/" + pid)) return stopped_.reset();
  if (!stopped_) stopped_.emplace();
  if (stopped_->seconds() < patience_) return;
  throw infrastructure_error(
      name_ + " (process " + pid + ") was stopped by a signal, and nobody let it go on",
      "find out who stops it (SIGSTOP); kill -CONT " + pid + " would have let it go on");
}

}  // namespace lab::base
