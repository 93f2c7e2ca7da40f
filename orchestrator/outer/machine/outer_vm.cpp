// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/back_end.hpp"

#include <unistd.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

std::uint64_t folder_bytes(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

}  // namespace

const Site& outer_site(const std::string& name) {
  const Site* site = record::find_site(name);
  if (site == nullptr || site->machine == Site::Machine::here)
    throw base::user_error("--on '" + name + "': an outer VM is of site svm, vmx or kvm");
  return *site;
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
  spec.channels.push_back({stream_port, (sockets / "stream").string()});
  spec.console_socket = (sockets / "console").string();
  spec.agent_socket = (sockets / "agent").string();
  back_end(site).complete(spec, site, image, disk);
  return spec;
}

void count_instructions(guest::DomainSpec& spec) {
  spec.count_instructions = true;
  spec.vcpus = 1;
  spec.agent_socket.clear();
}

void make_job_disk(const fs::path& folder, const fs::path& disk) {
  // The job goes in as a disk, not by QEMU's fw_cfg: reading such a file in sysfs takes time
  // quadratic in its size.
  constexpr const char* uuid = "6c61626a-6f62-4000-8000-000000000000";
  const std::uint64_t mib = folder_bytes(folder) * 5 / 4 / (1 << 20) + 16;
  // eatmydata: mke2fs syncs the disk four times, for what is soon deleted. Without checksums it
  // computes a tenth as long: it writes block by block, and updates a file's extents with each.
  const std::string seed = std::string("hash_seed=") + uuid, size = std::to_string(mib) + "M";
  base::Command command{
      .argv = {"eatmydata", "mke2fs", "-q", "-b4096", "-t", "ext4",
               "-L",        "LABJOB", "-m", "0",      "-O", "^has_journal,^metadata_csum",
               "-U",        uuid,     "-E", seed,     "-d", folder,
               disk,        size},
      .environment = {{"E2FSPROGS_FAKE_TIME", "1767225600"}}};
  // The outer VM's lab is root and accepts only root's files, so they belong to root there, whoever
  // makes them.
  if (::geteuid() != 0) command.argv.insert(command.argv.begin(), {"unshare", "--map-root-user"});
  base::run_checked(command);
}

}  // namespace lab::outer
