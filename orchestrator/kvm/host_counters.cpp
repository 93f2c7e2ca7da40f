// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/host_counters.hpp"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot it
}

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t causes_limit = 256 << 20;
constexpr std::size_t stats_limit = 16 << 20;  // 64 vCPUs with 176 reasons each are 2 MiB

fs::path find_vm_folder(pid_t pid, const fs::path& debugfs) {
  const std::string prefix = std::to_string(pid) + "-";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(debugfs, error))
    if (entry.path().filename().string().starts_with(prefix)) return entry.path();
  if (error)
    throw base::infrastructure_error("list '" + debugfs.string() + "': " + error.message(),
                                     "mount -t debugfs none /sys/kernel/debug (as root)");
  throw base::infrastructure_error("process " + std::to_string(pid) + " has no VM of KVM",
                                   "it runs without KVM, or has ended");
}

}  // namespace

VmCounters VmCounters::find(pid_t pid, const fs::path& debugfs) {
  const fs::path folder = find_vm_folder(pid, debugfs);
  if (!fs::exists(folder / "exit_stats"))
    throw base::infrastructure_error("the kvm module that is loaded has no exit counts",
                                     "lab kvm status; lab kvm load");
  return VmCounters(folder);
}

// The folder's name is PID-FD, where FD is that process' descriptor of the VM.
void VmCounters::hold() {
  const std::string name = folder_.filename();
  const std::size_t dash = name.find('-');
  const int pid = base::parse_number<int>(name.substr(0, dash)).value_or(0),
            number = base::parse_number<int>(name.substr(dash + 1)).value_or(0);
  const base::Fd process(::pidfd_open(pid, 0));
  if (!process) throw base::errno_error("hold VM of process", std::to_string(pid), errno);
  held_ = base::Fd(::pidfd_getfd(process.get(), number, 0));
  if (!held_) throw base::errno_error("hold VM of process", std::to_string(pid), errno);
}

exits::HostStats VmCounters::read() const {
  return exits::parse_host_stats(base::read_file(folder_ / "exit_stats", stats_limit));
}

// Returns the file of causes. Older modules have none.
fs::path VmCounters::causes_file() const {
  const fs::path file = folder_ / "exit_causes";
  if (!fs::exists(file))
    throw base::infrastructure_error("the kvm modules that are loaded have no causes of exits",
                                     "lab kvm build; then without --modules of older ones");
  return file;
}

exits::HostCauses VmCounters::read_causes() const {
  const fs::path file = causes_file();
  try {
    return exits::parse_host_causes(base::read_file(file, causes_limit));
  } catch (const base::Error&) {
    if (!base::read_file("/sys/module/kvm/parameters/exit_causes", 64).starts_with("0\n")) throw;
    throw base::infrastructure_error("the kvm modules are loaded without causes of exits",
                                     "exit_causes=16384");
  }
}

exits::HostCauses VmCounters::latch_causes() const {
  const fs::path file = causes_file();
  const base::Fd written(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!written || ::write(written.get(), "latch", 5) != 5)
    throw base::errno_error("write", file.string(), errno);
  return read_causes();
}

std::uint64_t VmCounters::read_kvm_exits() const {
  const std::string text = base::read_file(folder_ / "exits", 64);
  if (const auto value = base::parse_number<std::uint64_t>(base::trimmed_end(text))) return *value;
  throw base::infrastructure_error("read '" + (folder_ / "exits").string() + "': '" + text +
                                   "' is no number");
}

}  // namespace lab::kvm
