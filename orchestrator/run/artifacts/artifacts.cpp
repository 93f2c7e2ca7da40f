// SPDX-License-Identifier: MIT
#include "orchestrator/run/artifacts/artifacts.hpp"

#include <algorithm>
#include <mutex>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/process/beside.hpp"
#include "orchestrator/image/kept_file.hpp"
#include "orchestrator/image/prepare/boot_config.hpp"
#include "orchestrator/image/prepare/kernel_file.hpp"
#include "orchestrator/image/prepare/prepare.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/run/artifacts/own_emulator.hpp"
#include "orchestrator/run/doctor/probe.hpp"
#include "orchestrator/scenario/words.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

// Reports the preparation's progress as phases.
std::function<void(const std::string&)> lines_to(const trial::Sink& sink) {
  return [to = one_at_a_time(sink)](const std::string& line) { to(trial::other_phase(line)); };
}

image::PrepareOptions prepare_options(const scenario::TrialPlan& plan) {
  image::PrepareOptions options;
  static_assert(std::ranges::equal(image::console_words, scenario::words_of<scenario::Console>));
  options.console = image::Console(plan.settings.console);
  const scenario::BootUntil starts = inside::reader_starts(plan);
  if (starts == scenario::BootUntil::reader) options.ready_at = image::ReadyAt::early;
  if (starts == scenario::BootUntil::cloud_init) options.ready_at = image::ReadyAt::cloud_init;
  options.cmdline = inside::kernel_additions(plan.settings);
  options.own_kernel = !plan.settings.guest_kernel.empty();
  return options;
}

void check_boots(const std::string& name, const image::Prepared& prepared,
                 const scenario::Settings& settings) {
  const std::string& firmware = settings.guest_firmware;
  if (!prepared.needs_uefi || (!firmware.empty() && check_firmware(firmware))) return;
  throw base::user_error("image '" + name + "' boots by systemd-boot, which needs UEFI",
                         "guest.firmware: /usr/share/OVMF/OVMF_CODE.fd (apt-get install ovmf)");
}

trial::GuestImage guest_image(const std::string& name, const image::Prepared& prepared) {
  return {.name = name,
          .digest = prepared.digest,
          .disk = prepared.disk,
          .disk_format = prepared.disk_format,
          .kernel = prepared.kernel,
          .initrd = prepared.initrd,
          .cmdline = prepared.cmdline};
}

// Returns Linux's name for the first disk of a bus.
std::string disk_name(scenario::DiskBus bus) {
  if (bus == scenario::DiskBus::virtio) return "/dev/vda";
  return bus == scenario::DiskBus::nvme ? "/dev/nvme0n1" : "/dev/sda";
}

// Returns the image with the user's own kernel, and initrd if there is one. An image that boots
// from its disk keeps none of its own; a direct image keeps its initrd.
trial::GuestImage with_own_kernel(image::Image image, const scenario::TrialPlan& plan,
                                  const base::Folders& folders,
                                  const image::ApplianceOptions& appliance,
                                  const image::Progress& progress) {
  const scenario::Settings& settings = plan.settings;
  const image::KeptFile kernel = image::keep_file(settings.guest_kernel, folders);
  const std::string version = image::check_kernel(kernel.path);
  image::KeptFile initrd;
  if (!settings.guest_initrd.empty()) initrd = image::keep_file(settings.guest_initrd, folders);
  const bool direct = image.kind == image::Image::Kind::direct;
  if (direct && !initrd.path.empty()) {
    image.initrd = initrd.path;
    image.digest = initrd.digest;
  }
  trial::GuestImage guest = guest_image(
      image.name, image::prepare(image, folders, prepare_options(plan), appliance, progress));
  guest.kernel = kernel.path;
  guest.kernel_file = version + ", " + kernel.digest;
  guest.initrd_file = initrd.digest;
  if (direct) return guest;
  guest.initrd = initrd.path;
  if (!guest.cmdline.starts_with("root=") && guest.cmdline.find(" root=") == std::string::npos)
    guest.cmdline = "root=" + disk_name(settings.disk_bus) + " " + guest.cmdline;
  return guest;
}

void add_own_emulator(trial::GuestImage& guest, const scenario::Settings& settings,
                      const base::Folders& folders) {
  if (!settings.guest_emulator.empty()) {
    const OwnEmulator own = keep_emulator(settings.guest_emulator, folders);
    guest.emulator = own.program;
    guest.emulator_text = own.version + ", " + own.digest;
    const fs::path bios = own.program.parent_path() / "data/bios-256k.bin";
    guest.firmware_text = "bios-256k.bin " + base::sha256_file(bios).substr(0, 12);
  }
  if (!settings.guest_firmware.empty()) {
    const image::KeptFile own = image::keep_file(settings.guest_firmware, folders);
    guest.firmware = own.path;
    guest.firmware_is_flash = check_firmware(own.path);
    guest.firmware_text = fs::path(settings.guest_firmware).filename().string() + ", " + own.digest;
  }
}

kvm::KernelKit find_kit(const std::string& kernel, const base::Folders& folders,
                        const trial::Sink& sink) {
  return kvm::find_or_fetch_kit(folders.cache, folders.kvm_patch(),
                                kernel.empty() ? std::nullopt : std::optional(kernel),
                                lines_to(sink));
}

void check_image(const image::ImageCache& images, const std::string& name) {
  if (image::is_file_path(name)) return image::check_own_image(name);
  const image::Entry& entry = image::find_entry(images.entries(), name);
  if (entry.source == image::Entry::Source::file) image::check_own_image(entry.file);
}

}  // namespace

trial::Sink one_at_a_time(const trial::Sink& sink) {
  return [&sink](const trial::Event& event) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    sink(event);
  };
}

fs::path find_or_fetch_default_kit(const base::Folders& folders, const trial::Sink& sink) {
  return find_kit("", folders, sink).path;
}

OuterArtifacts find_or_make_outer(const base::Folders& folders, const trial::Sink& sink,
                                  const std::string& kernel) {
  const auto lines = lines_to(sink);
  const kvm::KernelKit kit = find_kit(kernel, folders, sink);
  kvm::ModuleSet modules;
  base::Beside building(
      [&] { modules = kvm::build_modules(kit, folders.kvm_patch(), folders.cache, lines); });
  image::ImageCache images(folders);
  const image::Image image = images.find_or_make("outer", kit.path, lines);
  building.wait();
  return {.image = {.disk = image.disk,
                    .kernel = image.kernel,
                    .initrd = image.initrd,
                    .cmdline = image.cmdline,
                    .digest = image.digest,
                    .boot_cd = image.folder / "boot.iso"},
          .release = kit.release,
          .kvm_source = kit.kvm_source,
          .kit = kit.path,
          .modules = modules.path};
}

std::pair<fs::path, fs::path> find_or_make_modules(const base::Folders& folders,
                                                   const trial::Sink& sink) {
  const kvm::KernelKit kit = find_kit(base::running_kernel(), folders, sink);
  return {kit.path,
          kvm::build_modules(kit, folders.kvm_patch(), folders.cache, lines_to(sink)).path};
}

Images find_or_make_images(const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink,
                           const fs::path& kit) {
  const auto lines = lines_to(sink);
  image::ImageCache cache(folders);
  Images images;
  for (const scenario::TrialPlan& plan : plans) {
    const std::string& name = plan.settings.image;
    if (images.contains(name)) continue;
    images[name] = image::is_file_path(name) ? cache.find_or_copy(name, lines)
                                             : cache.find_or_make(name, kit, lines);
  }
  return images;
}

std::map<std::string, trial::GuestImage> prepare_images(
    const Images& images, const std::vector<scenario::TrialPlan>& plans,
    const base::Folders& folders, const trial::Sink& sink, const fs::path& kit) {
  const auto lines = lines_to(sink);
  const image::ApplianceOptions appliance{.cache = folders.cache, .kernel_kit = kit};
  std::map<std::string, trial::GuestImage> result;
  for (const scenario::TrialPlan& plan : plans) {
    const std::string key = inside::image_key(plan);
    if (result.contains(key)) continue;
    const image::Image& image = images.at(plan.settings.image);
    if (!plan.settings.guest_kernel.empty()) {
      result[key] = with_own_kernel(image, plan, folders, appliance, lines);
    } else {
      const image::Prepared prepared =
          image::prepare(image, folders, prepare_options(plan), appliance, lines);
      check_boots(image.name, prepared, plan.settings);
      result[key] = guest_image(image.name, prepared);
    }
    add_own_emulator(result[key], plan.settings, folders);
  }
  return result;
}

void check_images(const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders) {
  const image::ImageCache images(folders);
  for (const scenario::TrialPlan& plan : plans) {
    if (!plan.settings.guest_kernel.empty()) image::check_kernel(plan.settings.guest_kernel);
    if (!plan.settings.guest_initrd.empty()) image::check_initrd(plan.settings.guest_initrd);
    if (!plan.settings.guest_emulator.empty()) check_emulator(plan.settings.guest_emulator);
    if (!plan.settings.guest_firmware.empty()) check_firmware(plan.settings.guest_firmware);
    check_image(images, plan.settings.image);
    if (plan.settings.image == "outer")
      throw base::user_error("image 'outer' is the outer VM's, no guest's", "lab image list");
  }
}

}  // namespace lab::run
