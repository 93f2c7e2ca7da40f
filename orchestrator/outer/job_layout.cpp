// SPDX-License-Identifier: MIT
#include "orchestrator/outer/job_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/image/overlay.hpp"
#include "orchestrator/kvm/kits/kit.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

// A SCSI bus lets disks be found anew after a state was restored (images/outer: lab-warm).
constexpr const char* job_bus = "scsi";

const fs::path job_folder = inside::job_place;

constexpr const char* own_init = " init=/usr/local/sbin/lab-init";

std::string run_script() {
  return fmt::format("#!/bin/sh\nexec {0}/lab job {0}/job.json {1}\n", inside::job_place,
                     inside::stream_place);
}

// Adds a prepared guest's disk to the outer VM's disks.
void add_guest_disk(trial::GuestImage& image, guest::DomainSpec& spec) {
  // The system's disk, and what a SCSI bus has room for, the job's disk included.
  constexpr std::size_t most_disks = 1 + 15;
  const std::string serial = fmt::format("guest{}", spec.disks.size());
  if (spec.disks.size() >= most_disks)
    throw base::user_error(
        fmt::format("the trials have more than {} different guest disks (by image, console, end "
                    "of the boot, clock and command line)",
                    most_disks - 2),
        "run the scenarios one by one, or a part of the matrix: -f REGEX");
  spec.disks.push_back({.path = image.disk.string(),
                        .format = image.disk_format,
                        .bus = job_bus,
                        .serial = serial,
                        .read_only = true});
  image.disk = fs::path(inside::devices_place) / serial;
  image.disk_format = "raw";
  image.disk_is_block = true;
}

// Adds a prepared guest's disk to the job's files: Bochs knows none of QEMU's formats, and has room
// for only two disks besides the system's.
void add_guest_files(trial::GuestImage& image, const fs::path& folder) {
  const fs::path place = "disks" / image.disk.parent_path().filename();
  if (!fs::exists(folder / place)) image::copy_chain(image.disk, folder / place);
  image.disk = job_folder / place / image.disk.filename();
}

// Each file of the job's disk costs the outer VM exits, and nothing there needs the sizes.
void lay_out_modules(const inside::Job& job, const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(job.modules))
    if (entry.path().filename() != base::sizes_name)
      base::link_or_copy(entry.path(), folder / "modules" / entry.path().filename());
  if (fs::is_directory(job.capabilities)) fs::copy(job.capabilities, folder / "capabilities");
}

// Copies the emulator with all files beside it.
void lay_out_emulator(trial::GuestImage& image, const fs::path& folder,
                      std::map<fs::path, fs::path>& places) {
  if (image.emulator.empty()) return;
  const fs::path from = image.emulator.parent_path();
  const auto [found, is_new] =
      places.emplace(from, fs::path("emulators") / std::to_string(places.size()));
  if (is_new) {
    fs::create_directories(folder / found->second);
    fs::copy(from, folder / found->second, fs::copy_options::recursive);
  }
  image.emulator = job_folder / found->second / image.emulator.filename();
}

// Rewrites a job's paths to those inside, laying the files out below `folder` and the guests' disks
// as disks of the outer VM.
inside::Job lay_out(const inside::Job& job, const fs::path& folder, guest::DomainSpec& spec) {
  lay_out_modules(job, folder);
  inside::Job laid_out = job;
  laid_out.modules = job_folder / "modules";
  if (!job.capabilities.empty()) laid_out.capabilities = job_folder / "capabilities";
  std::map<fs::path, fs::path> places;  // images often differ by their kernel's parameters only
  for (auto& [key, image] : laid_out.images) {
    lay_out_emulator(image, folder, places);
    for (fs::path* file : {&image.kernel, &image.initrd, &image.firmware}) {
      if (file->empty()) continue;
      const auto [found, is_new] = places.emplace(
          *file, fs::path("images") / std::to_string(places.size()) / file->filename());
      if (is_new) base::link_or_copy(*file, folder / found->second);
      *file = job_folder / found->second;
    }
    if (image.disk.empty()) continue;
    if (job.exact || !back_end(*job.site).takes_guest_disks)
      add_guest_files(image, folder);
    else
      add_guest_disk(image, spec);
  }
  return laid_out;
}

void write_script(const fs::path& file, const std::string& text) {
  base::write_file(file, text);
  fs::permissions(file, fs::perms(0755));
}

// Returns the disks and ports of the machine that the job needs, one a line.
std::string device_names(const guest::DomainSpec& spec) {
  std::string names = std::string(stream_port) + "\n";
  for (const guest::Disk& disk : spec.disks)
    if (disk.serial.starts_with("guest")) names += disk.serial + "\n";
  return names;
}

void write_job(const inside::Job& job, const fs::path& folder) {
  base::write_file(folder / "job.json", to_json(job));
  write_script(folder / "run", run_script());
  // An update or a build may have replaced the program's file; the link leads to the old one's
  // bytes.
  base::copy_file("/proc/self/exe", folder / "lab");
  if (kvm::machine_suite() != kvm::outer_suite)
    carry_libraries(folder / "lab", job_folder / libraries_name / "ld.so");
}

// Returns the number of processors that "0", "0-1" or "0,2" needs; at most eight, enough for pins.
unsigned cpus_named(const std::string& cpus) {
  unsigned most = 0, number = 0;
  for (const char c : cpus) {
    number = c >= '0' && c <= '9' ? std::min(number * 10 + unsigned(c - '0'), 7u) : 0;
    most = std::max(most, number + 1);
  }
  return most;
}

unsigned cpus_for_pins(const scenario::TrialPlan& plan) {
  unsigned most = 0;
  for (const scenario::Step& step : plan.steps)
    if (step.host.kind == scenario::HostAction::Kind::pin)
      most = std::max(most, cpus_named(step.host.cpus));
  return most;
}

OuterSize size_for(const inside::Job& job) {
  constexpr std::uint64_t some_guest = 768;  // MiB: without trials, the VM is for looking around
  const BackEnd& machines = back_end(*job.site);
  OuterSize size = machines.size_for_guests(1, 1, job.plans.empty() ? some_guest : 0);
  for (const scenario::TrialPlan& plan : job.plans) {
    const OuterSize one = machines.size_for_guests(plan.settings.guests, plan.settings.vcpus,
                                                   plan.settings.memory >> 20);
    size.vcpus = std::max(size.vcpus, one.vcpus);
    size.vcpus = std::max(size.vcpus, cpus_for_pins(plan));
    size.memory_mib = std::max(size.memory_mib, one.memory_mib);
  }
  size.vcpus = std::min(size.vcpus, machines.most_vcpus);
  return size;
}

// Sizes of exact outer VMs.
constexpr std::uint64_t job_disk_mib = 2048;
constexpr std::uint64_t written_mib = 1024;  // the files that it writes stay in memory

// Makes the machine run the same each time, to the instruction. A disk's timing depends on the
// host's clock, so the machine has none.
void make_exact(guest::DomainSpec& spec, const fs::path& system_disk, const fs::path& job_disk) {
  count_instructions(spec);
  spec.disks.clear();
  spec.memory_disks = {{system_disk.string(), fs::file_size(system_disk) >> 20, true},
                       {job_disk.string(), job_disk_mib}};
  spec.memory_mib += written_mib;
  spec.cpu_features.insert(spec.cpu_features.end(), {"-rdrand", "-rdseed"});
  // Random numbers come from the times of interrupts, and addresses decide what is a huge page.
  spec.cmdline += " lab.exact norandmaps";
}

// Extends the disk to a fixed size: a saved machine must find its memory disk again in its old
// size.
void fill_up(const fs::path& disk, std::uint64_t mib) {
  if (fs::file_size(disk) > mib << 20)
    throw base::user_error(
        fmt::format("the job's guests have disks of {} MiB together; an exact run has room for {}",
                    fs::file_size(disk) >> 20, mib),
        "run the scenarios one by one, a part of the matrix (-f REGEX), or with --no-exact");
  fs::resize_file(disk, mib << 20);
}

constexpr const char* job_name = "job";  // below the folder, until it becomes a disk

fs::path disk_in(const fs::path& folder) {
  return folder / "job.img";
}

bool is_overlaid(const inside::Job& job) {
  return !job.exact && back_end(*job.site).needs_overlay;
}

void make_overlay(const OuterImage& image, const inside::Job& job, const fs::path& folder) {
  if (is_overlaid(job)) image::create_overlay(image.disk, "raw", folder / overlay_name);
}

void make_disk(const guest::DomainSpec& spec, const fs::path& folder, const std::string& start) {
  base::write_file(folder / job_name / "devices", device_names(spec));
  write_script(folder / job_name / "start", "#!/bin/sh\n" + start + "\n");
  make_job_disk(folder / job_name, disk_in(folder));
  fs::remove_all(folder / job_name);
  if (!spec.memory_disks.empty()) fill_up(disk_in(folder), job_disk_mib);
}

}  // namespace

guest::DomainSpec outer_machine(const OuterImage& image, const inside::Job& job,
                                const std::string& name, const fs::path& folder,
                                const fs::path& sockets, const std::string& start) {
  const fs::path system_disk = is_overlaid(job) ? folder / overlay_name : image.disk;
  guest::DomainSpec spec = outer_spec(*job.site, image, size_for(job), name, system_disk, sockets);
  if (job.exact)
    make_exact(spec, image.disk, disk_in(folder));
  else
    spec.disks.push_back({.path = disk_in(folder).string(),
                          .bus = job_bus,
                          .serial = job_disk_name,
                          .read_only = true});
  if (start != start_nothing) spec.cmdline += own_init;
  return spec;
}

guest::DomainSpec lay_out_outer(const OuterImage& image, const inside::Job& job,
                                const std::string& name, const fs::path& folder,
                                const fs::path& sockets, const std::string& start) {
  make_overlay(image, job, folder);
  guest::DomainSpec spec = outer_machine(image, job, name, folder, sockets, start);
  write_job(lay_out(job, folder / job_name, spec), folder / job_name);
  make_disk(spec, folder, start);
  return spec;
}

guest::DomainSpec lay_out_without_job(const OuterImage& image, const inside::Job& job,
                                      const std::string& name, const fs::path& folder,
                                      const fs::path& sockets, const std::string& start) {
  make_overlay(image, job, folder);
  guest::DomainSpec spec = outer_machine(image, job, name, folder, sockets, start);
  lay_out_modules(job, folder / job_name);
  make_disk(spec, folder, start);
  return spec;
}

std::uint64_t outer_memory_mib(const inside::Job& job) {
  return size_for(job).memory_mib + (job.exact ? job_disk_mib + written_mib : 0);
}

}  // namespace lab::outer
