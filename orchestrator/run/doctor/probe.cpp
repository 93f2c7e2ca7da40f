// SPDX-License-Identifier: MIT
#include "orchestrator/run/doctor/probe.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/machine/foreign_system.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/obtainable.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/kvm/modules/refusal.hpp"
#include "orchestrator/kvm/modules/stock.hpp"
#include "orchestrator/outer/machine/bochs.hpp"
#include "orchestrator/outer/machine/emulator.hpp"
#include "orchestrator/run/doctor/emulator_age.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

constexpr const char* install = "apt-get install ";

// Names the findings that decide about sites.
constexpr const char* own_modules = "this machine's own modules";
constexpr const char* dev_kvm = "/dev/kvm";
constexpr const char* nested_kvm = "nested KVM";
constexpr const char* emulated_svm = "emulated AMD SVM";

// Gives a slow machine that works enough time.
constexpr std::chrono::seconds patience{15};

// Starts QEMU with only its firmware, which reports on the debug port when it is done.
base::Outcome boot_firmware(const std::vector<std::string>& machine, const fs::path& log) {
  std::vector<std::string> argv{"qemu-system-x86_64"};
  argv.insert(argv.end(), machine.begin(), machine.end());
  argv.insert(argv.end(), {"-m", "64", "-nodefaults", "-display", "none", "-no-reboot", "-boot",
                           "reboot-timeout=1", "-chardev", "file,id=d,path=" + log.string(),
                           "-device", "isa-debugcon,iobase=0x402,chardev=d"});
  return base::run({.argv = argv, .limit = patience});
}

Finding boots_firmware(Finding finding, const std::vector<std::string>& machine) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-probe");
  const fs::path log = folder.path() / "firmware.log";
  try {
    const base::Stopwatch watch;
    const base::Outcome outcome = boot_firmware(machine, log);
    finding.ok =
        fs::exists(log) && base::read_file(log).find("No bootable device") != std::string::npos;
    if (finding.ok)
      finding.detail = "the firmware came up";
    else if (outcome.timed_out)
      finding.detail = fmt::format("QEMU starts, but its firmware does not come up within {} s",
                                   patience.count());
    else
      finding.detail = "QEMU fails: " + std::string(base::first_line(outcome.errors));
  } catch (const base::Error& error) {
    finding.detail = error.what();
    finding.remedy = std::string(install) + "qemu-system-x86";
  }
  return finding;
}

// Runs a tiny guest of lab's own in another process: where KVM lies, it may not come back.
base::Outcome time_exits(bool nested) {
  std::vector<std::string> argv{
      base::this_program().string(), "vmm", "cost", "--exits", "500", "--repeats", "1"};
  if (nested) argv.push_back("--nested");
  return base::run({.argv = argv, .limit = patience});
}

// Returns why root, who could otherwise swap the machine's modules, cannot; "" where nothing
// prevents it.
std::string why_not_swapped(const OwnMachine& machine) {
  if (const auto refusal = kvm::swapping_refused(machine.root)) return refusal->cause;
  if (const auto refusal = kvm::unsigned_modules_refused(machine.root)) return refusal->cause;
  const auto vendor = base::cpu_has("svm", machine.root) ? exits::Vendor::svm : exits::Vendor::vmx;
  const std::string stock =
      kvm::why_not_stock(kvm::vendor_module(vendor), machine.release, machine.module_file);
  if (!stock.empty()) return "the stock modules could not come back: " + stock;
  const std::vector<kvm::KvmUser> users = kvm::kvm_users(machine.root / "proc");
  if (!users.empty()) return "kvm is in use by process " + kvm::in_words(users);
  const std::string version = kvm::debian_version(machine.version);
  if (version.empty()) return machine.release + " is no kernel of Debian's";
  return kvm::why_no_kit(machine.cache, machine.release, version);
}

std::string read_parameter(const std::string& module) {
  try {
    return base::read_file("/sys/module/" + module + "/parameters/nested", 16);
  } catch (const base::Error&) {
    return "";
  }
}

Finding probe_libvirt() {
  Finding finding{.name = "libvirt"};
  try {
    const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
    finding.ok = true;
    finding.detail = guest::default_uri() + " answers";
  } catch (const base::Error& error) {
    finding.detail = error.what();
    finding.remedy = error.hint();
  }
  return finding;
}

Finding probe_disk(const base::Folders& folders) {
  constexpr std::uint64_t needed_gib = 8;
  struct statvfs stat {};
  Finding finding{.name = "disk"};
  if (::statvfs(folders.cache.c_str(), &stat) != 0) return finding;
  const std::uint64_t gib = stat.f_bavail * stat.f_frsize >> 30;
  finding.ok = gib >= needed_gib;
  finding.detail =
      fmt::format("{} GiB free for {} (needs {})", gib, folders.cache.string(), needed_gib);
  if (!finding.ok) finding.remedy = "free space there, or set XDG_CACHE_HOME to a larger disk";
  return finding;
}

// Uses a kernel of lab's cache, as when it prepares images; without one it cannot try yet.
Finding probe_appliance(const base::Folders& folders) {
  const auto kits = kvm::list_kits(folders.cache);
  Finding finding{.name = "libguestfs appliance"};
  if (kits.empty()) {
    finding.detail = "not tried: no kernel in the cache yet";
    finding.remedy = "lab kvm build";
    return finding;
  }
  const base::Stopwatch watch;
  const base::RunFolder run(folders);
  finding.detail = image::try_appliance(
      {.cache = folders.cache, .kernel_kit = kits.front().path, .scratch = run.sockets()});
  finding.ok = finding.detail.empty();
  if (finding.ok) finding.detail = fmt::format("starts by emulation, in {:.0f} s", watch.seconds());
  if (!finding.ok) finding.remedy = "apt-get install libguestfs0 supermin qemu-system-x86";
  return finding;
}

// Reports on the newest kernel that lab would take, and its patched modules.
Finding probe_modules(const base::Folders& folders) {
  const auto modules = kvm::list_modules(folders.cache);
  const std::string patch = kvm::patch_version(folders.kvm_patch());
  Finding finding{.name = "patched modules", .detail = "none built yet", .remedy = "lab kvm build"};
  for (const kvm::ModuleSet& set : modules)
    if (set.patch == patch)
      return {.name = finding.name, .ok = true, .detail = "built for " + set.release};
  return finding;
}

Finding probe_tool(const std::string& program, const std::string& package) {
  const bool there = base::run({.argv = {"sh", "-c", "command -v " + program}}).exit_code == 0;
  return {.name = program,
          .ok = there,
          .detail = there ? "installed" : "not installed",
          .remedy = there ? "" : install + package};
}

Finding probe_kernel_packages() {
  const base::Outcome outcome =
      base::run({.argv = {"apt-cache", "show", "--no-all-versions", "linux-image-amd64"}});
  const bool known = outcome.exit_code == 0 && !outcome.output.empty();
  return {.name = "kernel, headers and source",
          .ok = known,
          .detail = known ? "apt knows them" : "apt knows no kernel package",
          .remedy = known ? "" : "apt-get update"};
}

// Returns the user to whom libvirt gives root's QEMU; nullopt where it does not answer, as another
// finding says.
std::optional<base::Account> account_of_qemu() {
  if (::geteuid() != 0) return std::nullopt;
  try {
    const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
    return guest::usual_confinement(connection.get(), true).account;
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

}  // namespace

Finding judge_exits(Finding finding, const std::string& whose, const base::Outcome& outcome) {
  // A boot of Debian has some 100,000 exits, and may take ten minutes for them.
  constexpr double reasonable_ns = 5e6;
  double nanoseconds = 0;
  const std::size_t at = outcome.output.find("\nexit ");
  const bool known = outcome.exit_code == 0 && at != std::string::npos &&
                     std::sscanf(outcome.output.c_str() + at, " exit %lf ns", &nanoseconds) == 1;
  finding.ok = known && nanoseconds <= reasonable_ns;
  finding.detail += finding.detail.empty() ? "" : "; ";
  if (known)
    finding.detail += fmt::format("an exit of {} takes {:.1f} µs{}", whose, nanoseconds / 1e3,
                                  finding.ok ? "" : ", and more than 5000 is no use");
  else if (outcome.timed_out)
    finding.detail +=
        fmt::format("{} does not get through 500 exits within {} s", whose, patience.count());
  else
    finding.detail += fmt::format("{} fails: {}", whose, base::first_line(outcome.errors));
  return finding;
}

std::string why_not_for_qemu(const std::optional<base::Account>& account, const fs::path& device) {
  if (!account || base::can_open(*account, device, R_OK | W_OK)) return "";
  return fmt::format("libvirt runs QEMU as user {}, who may not read and write it", account->user);
}

Finding probe_kvm() {
  Finding finding{.name = dev_kvm};
  if (::access(dev_kvm, R_OK | W_OK) != 0) {
    finding.detail = "not there, or not readable and writable";
    finding.remedy = "modprobe kvm_intel or kvm_amd; adduser $USER kvm";
    return finding;
  }
  finding.detail = why_not_for_qemu(account_of_qemu(), dev_kvm);
  if (!finding.detail.empty()) {
    finding.remedy = "chgrp kvm /dev/kvm; chmod g+rw /dev/kvm";
    return finding;
  }
  finding = boots_firmware(finding, {"-accel", "kvm", "-cpu", "host"});
  if (finding.ok) finding = judge_exits(finding, "a guest", time_exits(false));
  if (!finding.ok) finding.remedy = "enable virtualization in the firmware, or use --on svm";
  return finding;
}

Finding probe_nested_kvm() {
  const std::string value = read_parameter("kvm_intel") + read_parameter("kvm_amd");
  const bool ok = value.starts_with("Y") || value.starts_with("1");
  Finding finding{
      .name = nested_kvm,
      .ok = ok,
      .detail = ok              ? "on"
                : value.empty() ? "no kvm_intel or kvm_amd loaded"
                                : "switched off",
      .remedy = ok ? "" : "modprobe -r kvm_intel; modprobe kvm_intel nested=1 (or kvm_amd)"};
  // Lab's own guest can run guests only by SVM.
  const bool tried = ok && base::cpu_has("svm") && ::access(dev_kvm, R_OK | W_OK) == 0;
  if (tried) finding = judge_exits(finding, "a guest's guest", time_exits(true));
  if (!finding.ok && finding.remedy.empty()) finding.remedy = "--on svm needs no nested KVM";
  return finding;
}

std::string why_not_here(const OwnMachine& machine) {
  if (!base::cpu_has("vmx", machine.root) && !base::cpu_has("svm", machine.root))
    return "the CPU shows neither vmx nor svm";
  if (!base::cpu_has("hypervisor", machine.root))
    return "not a VM: lab swaps the modules of a real machine only with --on here";
  if (machine.user != 0) return "only root may swap modules";
  return why_not_swapped(machine);
}

Finding probe_here(const fs::path& cache) {
  const kvm::Kmod kmod;
  Finding finding{.detail = why_not_here({
                      .cache = cache,
                      .user = ::geteuid(),
                      .release = base::running_kernel(),
                      .version = base::running_kernel_version(),
                      .module_file = [&](const std::string& module) { return kmod.file(module); },
                  })};
  if (finding.detail.empty()) finding = probe_kvm();
  finding.name = own_modules;
  if (!finding.ok) finding.remedy = "--on svm or --on kvm need no own modules";
  return finding;
}

Finding probe_svm() {
  return boots_firmware({.name = emulated_svm}, {"-accel", "tcg", "-cpu", "EPYC,+svm,+npt"});
}

Finding probe_exact() {
  Finding finding{.name = "exact runs and several processors on site svm",
                  .detail = "they need lab's own QEMU, which is not there",
                  .remedy = outer::build_emulator};
  try {
    if (const auto emulator = outer::find_emulator(outer::own_qemu))
      finding.ok = true, finding.detail = outer::in_words(*emulator);
  } catch (const base::Error& error) {
    finding.detail = error.what(), finding.remedy = error.hint();
  }
  return finding;
}

Finding probe_vmx() {
  Finding finding{.name = "Bochs with emulated VMX"};
  try {
    const auto own = outer::find_emulator(outer::own_bochs);
    const std::string against = outer::try_bochs(own ? own->program.string() : "");
    finding.ok = against.empty();
    finding.detail = !finding.ok ? std::string(base::first_line(against))
                     : own       ? outer::in_words(*own)
                                 : "this machine's works; lab's own would start warm";
    if (!own) finding.remedy = outer::build_emulator;
    if (!finding.ok) finding.remedy = std::string(install) + "bochs bochsbios bochs-sdl vgabios";
  } catch (const base::Error& error) {
    finding.detail = error.what(), finding.remedy = error.hint();
  }
  return finding;
}

Finding probe_memory(const fs::path& root) {
  constexpr std::uint64_t needed_mib = 5120;
  const std::uint64_t available = base::available_memory_mib(root);
  Finding finding{.name = "memory", .ok = available >= needed_mib};
  finding.detail = fmt::format("{} MiB available (an outer VM needs {})", available, needed_mib);
  if (!finding.ok) finding.remedy = "end other programs, or use a larger machine";
  return finding;
}

Finding probe_processors(const fs::path& root) {
  return {.name = "processors",
          .ok = true,
          .detail = fmt::format("{} for lab (-j 0 runs no more outer VMs at once)",
                                base::available_processors(root))};
}

Finding probe_distribution(const fs::path& root) {
  const std::string foreign = base::foreign_system(root);
  if (foreign.empty())
    return {
        .name = "Debian 12 or later", .ok = true, .detail = "makes kernels, modules and images"};
  const base::Error error = base::foreign_system_error(foreign, "what the cache lacks");
  return {.name = "Debian 12 or later", .detail = error.what(), .remedy = error.hint()};
}

Choice choose_site(const std::vector<Finding>& found) {
  const auto get = [&](const char* name, const std::function<Finding()>& probe) {
    const auto finding = std::ranges::find(found, name, &Finding::name);
    return finding == found.end() ? probe() : *finding;
  };
  if (get(own_modules, [] { return probe_here(base::find_folders().cache); }).ok)
    return {&record::site_here, "this is a VM whose own KVM works"};
  const Finding kvm = get(dev_kvm, probe_kvm);
  const Finding nested = get(nested_kvm, probe_nested_kvm);
  if (kvm.ok && nested.ok) return {&record::site_kvm, "/dev/kvm runs guests and offers nesting"};
  const std::string why = kvm.ok ? "nested KVM: " + nested.detail : "/dev/kvm: " + kvm.detail;
  if (get(emulated_svm, probe_svm).ok) return {&record::site_svm, why};
  return {nullptr, why + "; and QEMU's emulation does not work either"};
}

std::vector<Finding> examine(const base::Folders& folders) {
  std::vector<Finding> found{probe_here(folders.cache),
                             probe_kvm(),
                             probe_nested_kvm(),
                             probe_svm(),
                             probe_exact(),
                             probe_vmx(),
                             probe_libvirt(),
                             probe_appliance(folders),
                             probe_distribution(),
                             probe_kernel_packages(),
                             probe_modules(folders),
                             probe_tool("spatch", "coccinelle"),
                             probe_tool("mmdebstrap", "mmdebstrap"),
                             probe_tool("qemu-img", "qemu-utils"),
                             probe_tool("mke2fs", "e2fsprogs"),
                             probe_tool("eatmydata", "eatmydata"),
                             probe_disk(folders),
                             probe_memory(),
                             probe_processors()};
  std::ranges::move(probe_emulator_ages(folders), std::back_inserter(found));
  return found;
}

}  // namespace lab::run
