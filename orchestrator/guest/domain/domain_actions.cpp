// SPDX-License-Identifier: MIT
// Changes a running domain from outside.
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/guest/domain/qmp.hpp"
#include "orchestrator/guest/xml/device_xml.hpp"

namespace lab::guest {
namespace {

constexpr double detach_patience = 30;  // seconds
constexpr int saving_times = 10;        // times a usual call's limit
constexpr unsigned most_cpus = 1024;
constexpr unsigned pressed_ms = 100;

unsigned cpu_number(std::string_view text, const std::string& cpus) {
  const auto number = base::parse_number<unsigned>(text);
  if (!number || *number >= most_cpus)
    throw base::user_error("'" + cpus + "' names no processors", "as in '0', '0-1' or '0,2'");
  return *number;
}

std::vector<unsigned char> cpu_map(const std::string& cpus) {
  std::vector<unsigned char> map(VIR_CPU_MAPLEN(most_cpus));
  for (const std::string_view range : base::split(cpus, ',')) {
    const std::size_t dash = range.find('-');
    const unsigned first = cpu_number(range.substr(0, dash), cpus);
    const unsigned last =
        dash == std::string_view::npos ? first : cpu_number(range.substr(dash + 1), cpus);
    for (unsigned cpu = first; cpu <= last; ++cpu)
      map[cpu / 8] |= static_cast<unsigned char>(1u << cpu % 8);
  }
  return map;
}

constexpr double migration_patience = 120;  // seconds

// Leaves out of the state what is in a file of its own (DomainSpec::memory_file, memory_disks). The
// capability mapped-ram must stay off with this one: together they make QEMU 10 write from address
// 0 ("Bad address").
void leave_files_out(virDomain* domain) {
  ask_qemu(domain, "migrate-set-capabilities",
           {{"capabilities", {{{"capability", "x-ignore-shared"}, {"state", true}}}}});
}

void migrate(virDomain* domain, const std::string& command, const std::filesystem::path& file) {
  ask_qemu(domain, command, {{"uri", "file:" + file.string()}});
  const base::Stopwatch watch;
  for (;;) {
    const nlohmann::json answer = ask_qemu(domain, "query-migrate");
    const std::string status = answer.value("status", "none");
    if (status == "completed") return;
    if (status == "failed" || watch.seconds() > migration_patience)
      throw base::infrastructure_error(fmt::format(
          "QEMU's {} with '{}': {}", command, file.string(),
          answer.value("error-desc",
                       status + " after " + std::to_string(int(watch.seconds())) + " s")));
    base::sleep_interruptibly(0.01);
  }
}

}  // namespace

void Domain::pin(unsigned vcpu, const std::string& cpus) {
  std::vector<unsigned char> map = cpu_map(cpus);
  const CallLimit limit(connection_, name_);
  if (virDomainPinVcpuFlags(domain_.get(), vcpu, map.data(), static_cast<int>(map.size()),
                            VIR_DOMAIN_AFFECT_LIVE) != 0)
    throw_libvirt_error("pin vCPU " + std::to_string(vcpu) + " to CPUs " + cpus + " of domain",
                        name_);
}

void Domain::set_memory(std::uint64_t mib) {
  const CallLimit limit(connection_, name_);
  if (virDomainSetMemoryFlags(domain_.get(), mib << 10, VIR_DOMAIN_AFFECT_LIVE) != 0)
    throw_libvirt_error("set the balloon to " + std::to_string(mib) + " MiB of domain", name_);
}

std::string Domain::devices_xml() const {
  const CallLimit limit(connection_, name_);
  const TextPtr xml(virDomainGetXMLDesc(domain_.get(), 0));
  if (!xml) throw_libvirt_error("ask for the devices of domain", name_);
  return xml.get();
}

void Domain::wait_until_unplugged(const std::string& what, const std::function<bool()>& is_there) {
  const base::Stopwatch watch;
  while (is_there()) {
    base::throw_if_interrupted();
    if (watch.seconds() > detach_patience)
      throw base::infrastructure_error("unplug the " + what + " of domain '" + name_ +
                                           "': the guest did not let go of it within 30 s",
                                       "its kernel needs ACPI or PCIe hot-plug");
    base::sleep_interruptibly(0.05);
  }
}

void Domain::attach_disk(const std::string& path, const std::string& format) {
  if (account_) base::give(path, *account_);
  const std::string xml = plugged_disk_xml(path, format);
  const CallLimit limit(connection_, name_);
  if (virDomainAttachDeviceFlags(domain_.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) != 0)
    throw_libvirt_error("plug a disk into domain", name_);
}

// Asks the guest to release the device; libvirt then removes it from the domain.
void Domain::detach_disk() {
  {
    const CallLimit limit(connection_, name_);
    if (virDomainDetachDeviceAlias(domain_.get(), plugged_disk, VIR_DOMAIN_AFFECT_LIVE) != 0)
      throw_libvirt_error("unplug the disk of domain", name_);
  }
  const std::string alias = std::string("<alias name='") + plugged_disk + "'/>";
  wait_until_unplugged("disk", [&] { return devices_xml().find(alias) != std::string::npos; });
}

// QEMU is asked itself: libvirt 9.0 can plug no card into a user network that leads nowhere.
void Domain::attach_nic() {
  const PciSlot slot = free_plug_slot(devices_xml());
  if (slot.bus.empty())
    throw base::infrastructure_error("plug a NIC into domain '" + name_ +
                                     "': no PCIe port is free");
  ask_qemu(domain_.get(), "netdev_add",
           {{"type", "user"}, {"id", plugged_network}, {"restrict", true}});
  ask_qemu(domain_.get(), "device_add",
           {{"driver", "virtio-net-pci"},
            {"id", plugged_nic},
            {"netdev", plugged_network},
            {"bus", slot.bus},
            {"addr", slot.address},
            {"mac", mac_address(0xff)},
            {"romfile", ""}});
}

void Domain::detach_nic() {
  ask_qemu(domain_.get(), "device_del", {{"id", plugged_nic}});
  wait_until_unplugged("NIC", [&] {
    const nlohmann::json devices =
        ask_qemu(domain_.get(), "qom-list", {{"path", "/machine/peripheral"}});
    return std::ranges::any_of(devices, [](const nlohmann::json& device) {
      return device.is_object() && device.value("name", "") == plugged_nic;
    });
  });
  ask_qemu(domain_.get(), "netdev_del", {{"id", plugged_network}});
}

void Domain::press(const std::string& keys) {
  std::vector<unsigned> codes = key_codes(keys);
  const CallLimit limit(connection_, name_);
  if (virDomainSendKey(domain_.get(), VIR_KEYCODE_SET_LINUX, pressed_ms, codes.data(),
                       static_cast<int>(codes.size()), 0) != 0)
    throw_libvirt_error("press " + keys + " in domain", name_);
}

std::string Domain::monitor(const std::string& command, int times) {
  const CallLimit limit(connection_, name_, times);
  char* answer = nullptr;
  if (virDomainQemuMonitorCommand(domain_.get(), command.c_str(), &answer,
                                  VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP) != 0)
    throw_libvirt_error("'" + command + "' in domain", name_);
  return TextPtr(answer).get();
}

std::string Domain::memory_tree() {
  return monitor("info mtree -f", 1);
}

void Domain::save_and_restore() {
  if (!can_be_saved_)
    throw base::infrastructure_error(
        "save domain '" + name_ + "': it has no qcow2 disk to be saved into",
        "use an image with a disk, or give the guest a scratch disk (guest.scratch.size)");
  pause();
  for (const char* command : {"savevm lab", "loadvm lab"}) {
    const std::string complaint = monitor(command, saving_times);  // it prints nothing on success
    if (complaint.find_first_not_of(" \r\n") != std::string::npos)
      throw base::infrastructure_error(
          "'" + std::string(command) + "' in domain '" + name_ + "': " + complaint,
          "NVMe disks and invtsc cannot be saved");
  }
  resume();
}

// A state is saved and restored by QEMU's migration and not by libvirt's virDomainSave: what that
// restores does not end with lab.
void Domain::save_state(const std::filesystem::path& file) {
  if (account_) base::give(file, *account_);
  pause();
  ask_qemu(domain_.get(), "migrate-set-parameters", {{"max-bandwidth", 1ull << 40}});
  leave_files_out(domain_.get());
  migrate(domain_.get(), "migrate", file);
}

void Domain::load_state(const std::filesystem::path& file) {
  leave_files_out(domain_.get());
  migrate(domain_.get(), "migrate-incoming", file);
}

}  // namespace lab::guest
