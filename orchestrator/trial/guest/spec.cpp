// SPDX-License-Identifier: MIT
#include "orchestrator/trial/guest/spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/image/overlay.hpp"

namespace lab::trial {
namespace {

namespace fs = std::filesystem;
using scenario::HostAction;
using scenario::Step;

constexpr const char* reader_port = "lab.reader.0";
constexpr std::uint64_t plug_bytes = 64u << 20;

// Returns "overlay.qcow2" for the first guest, "overlay-2.qcow2" for the second.
std::string numbered(const std::string& name, unsigned number, const std::string& suffix = "") {
  return name + (number == 1 ? "" : "-" + std::to_string(number)) + suffix;
}

bool has_step(const scenario::TrialPlan& plan, auto&& what) {
  return std::ranges::any_of(plan.steps, what);
}

bool has_action(const scenario::TrialPlan& plan, HostAction::Kind kind) {
  return has_step(plan, [=](const Step& step) {
    return step.kind == Step::Kind::host && step.host.kind == kind;
  });
}

bool plugs(const Step& step) {
  return step.kind == Step::Kind::host && step.host.kind == HostAction::Kind::plug;
}

bool boots_again(const Step& step) {
  return step.kind == Step::Kind::reboot || (step.kind == Step::Kind::host && reboots(step.host));
}

void add_disks(guest::DomainSpec& spec, const scenario::Settings& settings,
               const GuestDisks& disks) {
  const auto add = [&](const fs::path& path, scenario::DiskBus bus, scenario::DiskCache cache) {
    if (path.empty()) return;
    spec.disks.push_back({.path = path.string(),
                          .format = disk_format,
                          .bus = std::string(to_string(bus)),
                          .cache = std::string(to_string(cache))});
  };
  add(disks.overlay(), settings.disk_bus, settings.disk_cache);
  add(disks.scratch(), settings.scratch_bus, settings.scratch_cache);
}

std::string disk_in_words(scenario::DiskBus bus, scenario::DiskCache cache) {
  const std::string_view name = bus == scenario::DiskBus::virtio ? "virtio-blk"
                                : bus == scenario::DiskBus::scsi ? "virtio-scsi"
                                : bus == scenario::DiskBus::sata ? "ahci"
                                                                 : "nvme";
  return cache == scenario::DiskCache::unsafe ? std::string(name)
                                              : fmt::format("{} cache={}", name, to_string(cache));
}

}  // namespace

GuestDisks::GuestDisks(const scenario::TrialPlan& plan, const GuestImage& image,
                       const fs::path& folder, unsigned number) {
  if (!image.disk.empty()) {
    overlay_ = folder / numbered("overlay", number, ".qcow2");
    image::create_overlay(image.disk, image.disk_format, overlay_);
  }
  if (plan.settings.scratch_size != 0) {
    scratch_ = folder / numbered("scratch", number, ".qcow2");
    image::create_empty_disk(scratch_, plan.settings.scratch_size);
  }
  const auto plugs_disk = [](const Step& step) {
    return plugs(step) && step.host.device == HostAction::Device::disk;
  };
  if (has_step(plan, plugs_disk)) {
    plug_ = folder / numbered("plug", number, ".qcow2");
    image::create_empty_disk(plug_, plug_bytes);
  }
}

GuestDisks::~GuestDisks() {
  std::error_code ignored;
  for (const fs::path& path : {overlay_, scratch_, plug_})
    if (!path.empty()) fs::remove(path, ignored);
}

guest::DomainSpec guest_spec(const scenario::TrialPlan& plan, const GuestImage& image,
                             const TrialContext& context, const GuestDisks& disks,
                             unsigned number) {
  const scenario::Settings& settings = plan.settings;
  guest::DomainSpec spec;
  spec.name = "lab-" + numbered("guest", number) + "-" + context.run_id;
  spec.as_lab = context.thrown_away;
  spec.machine = to_string(settings.machine);
  spec.vcpus = settings.vcpus;
  spec.memory_mib = settings.memory >> 20;
  spec.huge_pages = settings.huge_pages;
  spec.cpu_model = settings.cpu_model;
  spec.cpu_features = settings.cpu_features;
  spec.kernel = image.kernel.string();
  spec.initrd = image.initrd.string();
  spec.cmdline = image.cmdline;
  spec.emulator = image.emulator.string();
  spec.firmware = image.firmware.string();
  spec.firmware_is_flash = image.firmware_is_flash;
  add_disks(spec, settings, disks);
  if (settings.nic != scenario::Nic::none)
    spec.nics.push_back({.model = std::string(to_string(settings.nic)),
                         .user_network = settings.network != scenario::Network::none,
                         .open = settings.network == scenario::Network::open});
  spec.balloon = has_action(plan, HostAction::Kind::balloon);
  spec.plug_slots = static_cast<unsigned>(std::ranges::count_if(plan.steps, plugs));
  spec.on_reboot_restart = has_step(plan, boots_again);
  spec.preserve_on_poweroff =
      has_step(plan, [](const Step& step) { return step.kind == Step::Kind::shutdown; });
  spec.channels.push_back({reader_port, (context.sockets / numbered("reader", number)).string()});
  spec.console_socket = (context.sockets / numbered("console", number)).string();
  return spec;
}

std::string devices_in_words(const scenario::TrialPlan& plan, const GuestImage& image) {
  const scenario::Settings& settings = plan.settings;
  std::string text = std::string(to_string(settings.machine)) + ", serial";
  if (!image.disk.empty()) text += ", " + disk_in_words(settings.disk_bus, settings.disk_cache);
  if (settings.scratch_size != 0)
    text +=
        fmt::format(", {} of {} MiB", disk_in_words(settings.scratch_bus, settings.scratch_cache),
                    settings.scratch_size >> 20);
  if (settings.nic != scenario::Nic::none)
    text += settings.nic == scenario::Nic::virtio ? ", virtio-net" : ", e1000";
  if (settings.nic != scenario::Nic::none && settings.network == scenario::Network::none)
    text += " without a cable";
  if (settings.nic != scenario::Nic::none && settings.network == scenario::Network::open)
    text += " with a way out";
  if (has_action(plan, HostAction::Kind::balloon)) text += ", virtio-balloon";
  return text + ", virtio-serial";
}

// Recognizes Ctrl+Alt+Delete, which has rebooted PCs since 1981; Linux and systemd keep to it.
bool reboots(const HostAction& action) {
  if (action.kind != HostAction::Kind::key) return false;
  const std::string keys = "+" + action.keys + "+";
  return std::ranges::all_of(std::initializer_list<const char*>{"+ctrl+", "+alt+", "+delete+"},
                             [&](const char* key) { return keys.find(key) != std::string::npos; });
}

// Returns how long lab waits after an action before it counts, as what the host does takes effect
// late: 2 s after plugging, 1 s after a key, 5 s after a balloon.
std::chrono::milliseconds action_time(const HostAction& action) {
  switch (action.kind) {
    case HostAction::Kind::pause:
      return action.duration;
    case HostAction::Kind::balloon:
      return std::chrono::milliseconds(5000);
    case HostAction::Kind::plug:
      return std::chrono::milliseconds(2000);
    case HostAction::Kind::key:
      return std::chrono::milliseconds(1000);
    case HostAction::Kind::pin:
    case HostAction::Kind::unplug:
    case HostAction::Kind::save_restore:
      return std::chrono::milliseconds(0);
  }
  return std::chrono::milliseconds(0);
}

}  // namespace lab::trial
