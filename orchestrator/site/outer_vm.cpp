// SPDX-License-Identifier: MIT
#include "orchestrator/site/outer_vm.hpp"

#include <algorithm>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/subprocess.hpp"

namespace lab::site {
namespace fs = std::filesystem;
namespace {

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

}  // namespace

OuterKind outer_kind(const std::string& site) {
  if (site == "svm") return OuterKind::svm;
  if (site == "kvm") return OuterKind::kvm;
  throw base::user_error("--on '" + site + "': an outer VM is of site svm or kvm");
}

fs::path emulator_for(bool shadow_paging) {
  const fs::path newer = "/usr/local/lib/lab/qemu/run";
  std::error_code none;
  return !shadow_paging && fs::exists(newer, none) ? newer : fs::path();
}

OuterSize size_for_guests(unsigned guests, unsigned vcpus, std::uint64_t memory_mib) {
  constexpr std::uint64_t around = 2048;  // the outer VM's own system, QEMU, the overlay's cache
  constexpr std::uint64_t qemu = 256;     // each further one
  constexpr unsigned enough = 8;          // the rest takes turns; one guest alone never does
  const OuterSize least;
  return {
      .vcpus = std::max({least.vcpus, vcpus, std::min(guests * vcpus, enough)}),
      .memory_mib = std::max(least.memory_mib, guests * memory_mib + around + (guests - 1) * qemu)};
}

guest::DomainSpec outer_spec(OuterKind kind, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const fs::path& disk,
                             const fs::path& sockets) {
  guest::DomainSpec spec;
  spec.name = name;
  spec.vcpus = size.vcpus;
  spec.memory_mib = size.memory_mib;
  spec.kernel = image.kernel.string();
  spec.initrd = image.initrd.string();
  spec.cmdline = image.cmdline;
  spec.disks.push_back({.path = disk.string(), .format = "qcow2", .cache = "unsafe"});
  spec.channels.push_back({stream_port, (sockets / "stream").string()});
  spec.console_socket = (sockets / "console").string();
  spec.agent_socket = (sockets / "agent").string();
  if (kind == OuterKind::svm) {
    spec.accelerated = false;
    spec.emulator = image.emulator.string();
    if (spec.emulator.empty()) spec.vcpus = 1;
    spec.cpu_model = "EPYC";
    spec.cpu_features = {"+svm", "+npt"};
  }
  return spec;
}

void make_job_disk(const fs::path& folder, const fs::path& disk) {
  const std::uint64_t mib = folder_bytes(folder) * 5 / 4 / (1 << 20) + 16;
  base::run_checked(
      {.argv = {"mke2fs", "-q", "-t", "ext4", "-L", "LABJOB", "-m", "0", "-O", "^has_journal", "-d",
                folder.string(), disk.string(), std::to_string(mib) + "M"}});
}

}  // namespace lab::site
