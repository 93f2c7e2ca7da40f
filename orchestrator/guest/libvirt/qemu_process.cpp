// SPDX-License-Identifier: MIT
#include "orchestrator/guest/libvirt/qemu_process.hpp"

#include <signal.h>

#include <cstdlib>
#include <filesystem>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::guest {
namespace {

constexpr const char* pid_folders[] = {"/run/libvirt/qemu", "/var/run/libvirt/qemu"};

std::optional<pid_t> read_pid(const std::filesystem::path& file) {
  try {
    const std::string text = base::read_file(file, 64);
    const auto pid = base::parse_number<pid_t>(base::trimmed_end(text));
    if (pid && *pid > 0) return pid;
  } catch (const base::Error&) {
    // Is absent: a session connection keeps it below its own runtime folder.
  }
  return std::nullopt;
}

std::optional<pid_t> noted_pid(const std::string& domain) {
  for (const char* folder : pid_folders)
    if (auto pid = read_pid(std::filesystem::path(folder) / (domain + ".pid"))) return pid;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime == nullptr) return std::nullopt;
  return read_pid(std::filesystem::path(runtime) / "libvirt/qemu/run" / (domain + ".pid"));
}

// Checks the process, as a hung libvirtd leaves its pid file, whose number another process may have
// now.
bool runs_domain(pid_t pid, const std::string& domain) {
  try {
    return base::read_file("/proc/" + std::to_string(pid) + "/cmdline")
               .find("guest=" + domain + ",") != std::string::npos;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

std::optional<pid_t> find_qemu(const std::string& domain) {
  const std::optional<pid_t> pid = noted_pid(domain);
  return pid && runs_domain(*pid, domain) ? pid : std::nullopt;
}

std::optional<pid_t> end_qemu(const std::string& domain) {
  const std::optional<pid_t> pid = find_qemu(domain);
  return pid && ::kill(*pid, SIGKILL) == 0 ? pid : std::nullopt;
}

}  // namespace lab::guest
