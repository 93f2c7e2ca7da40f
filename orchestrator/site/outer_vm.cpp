// SPDX-License-Identifier: MIT
#include "orchestrator/site/outer_vm.hpp"

#include <algorithm>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/subprocess.hpp"
#include "orchestrator/site/bochs.hpp"

namespace lab::site {
namespace fs = std::filesystem;
namespace {

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// Bochs has one processor that is fast enough, and the memory that its "memory: host" allows.
OuterSize bochs_size(unsigned guests, std::uint64_t memory_mib) {
  constexpr std::uint64_t around = 768, least = 1024, most = 3072;
  const std::uint64_t needed = guests * memory_mib + around;
  if (needed > most)
    throw base::user_error(
        "site vmx has at most " + std::to_string(most) + " MiB, of which " +
            std::to_string(most - around) + " for guests; the scenario's have " +
            std::to_string(guests * memory_mib),
        "--set guest.memory='" + std::to_string((most - around) / guests) + " MiB', or --on svm");
  return {.vcpus = 1, .memory_mib = std::max(needed, least)};
}

}  // namespace

const Site& outer_site(const std::string& name) {
  const Site* site = record::find_site(name);
  if (site == nullptr || site->machine == Site::Machine::here)
    throw base::user_error("--on '" + name + "': an outer VM is of site svm, vmx or kvm");
  return *site;
}

OuterSize size_for_guests(const Site& site, unsigned guests, unsigned vcpus,
                          std::uint64_t memory_mib) {
  if (site.machine == Site::Machine::bochs) return bochs_size(guests, memory_mib);
  constexpr std::uint64_t around = 2048;  // the outer VM's own system, QEMU, the overlay's cache
  constexpr std::uint64_t qemu = 256;     // each further one
  constexpr unsigned enough = 8;          // the rest takes turns; one guest alone never does
  const OuterSize least;
  return {
      .vcpus = std::max({least.vcpus, vcpus, std::min(guests * vcpus, enough)}),
      .memory_mib = std::max(least.memory_mib, guests * memory_mib + around + (guests - 1) * qemu)};
}

guest::DomainSpec outer_spec(const Site& site, const OuterImage& image, const OuterSize& size,
                             const std::string& name, const fs::path& disk,
                             const fs::path& sockets) {
  guest::DomainSpec spec;
  spec.name = name;
  spec.vcpus = size.vcpus;
  spec.memory_mib = size.memory_mib;
  spec.kernel = image.kernel.string();
  spec.initrd = image.initrd.string();
  spec.cmdline = image.cmdline;
  spec.accelerated = !site.emulated;
  if (site.machine == Site::Machine::bochs) {
    spec.disks.push_back({.path = disk.string(), .serial = "system"});
    spec.cpu_model = bochs_cpu_model(image.processor);
    if (image.emulator) spec.emulator = image.emulator->program.string();
  } else {
    spec.disks.push_back({.path = disk.string(), .format = "qcow2", .cache = "unsafe"});
  }
  spec.channels.push_back({stream_port, (sockets / "stream").string()});
  spec.console_socket = (sockets / "console").string();
  spec.agent_socket = (sockets / "agent").string();
  if (site.machine == Site::Machine::qemu && site.emulated) {
    if (image.emulator)
      spec.emulator = image.emulator->program.string();
    else
      // Before QEMU 8.1 (Debian 12 has 7.2) code is translated without its page's lock, and an
      // outer VM of several processors hangs now and then. A packaged QEMU gets one processor.
      spec.vcpus = 1;
    spec.cpu_model = "EPYC";
    spec.cpu_features = {"+svm", "+npt"};
    // Linux with several processors trusts no TSC without invtsc, which TCG cannot offer, and would
    // keep time by the HPET, and KVM would give guests no stable clock. QEMU's TSCs all run with
    // this machine's, so tsc=reliable is true.
    // A machine that gets too little of this one's time fails Linux' test of its timer, and panics.
    spec.cmdline += " tsc=reliable no_timer_check";
  }
  return spec;
}

void make_job_disk(const fs::path& folder, const fs::path& disk) {
  // The job goes in as a disk, not by QEMU's fw_cfg: reading a file of that by sysfs takes time
  // with the square of its size.
  constexpr const char* uuid = "6c61626a-6f62-4000-8000-000000000000";
  const std::uint64_t mib = folder_bytes(folder) * 5 / 4 / (1 << 20) + 16;
  // mke2fs waits for the disk four times, for what is thrown away soon, and writes block by block.
  const std::string seed = std::string("hash_seed=") + uuid, size = std::to_string(mib) + "M";
  base::run_checked({.argv = {"eatmydata", "mke2fs", "-q", "-b4096", "-t",           "ext4", "-L",
                              "LABJOB",    "-m",     "0",  "-O",     "^has_journal", "-U",   uuid,
                              "-E",        seed,     "-d", folder,   disk,           size},
                     .environment = {{"E2FSPROGS_FAKE_TIME", "1767225600"}}});
}

}  // namespace lab::site
