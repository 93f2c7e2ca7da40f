// SPDX-License-Identifier: MIT
#include "orchestrator/guest/xml/device_xml.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/guest/xml/xml.hpp"

namespace lab::guest {
namespace {

using pugi::xml_node;

// Names the disks: libvirt places a disk on its bus by this name, so each bus starts with 'a'.
class TargetNames {
 public:
  std::string next(const std::string& bus) {
    return bus == "virtio" ? std::string("vd") + virtio_++ : std::string("sd") + other_++;
  }

 private:
  char virtio_ = 'a', other_ = 'a';
};

xml_node add_disk(xml_node devices, const Disk& disk, const std::string& target_name) {
  xml_node node = add(devices, "disk");
  set(node, "type", disk.block ? "block" : "file");
  set(node, "device", "disk");
  xml_node driver = add(node, "driver");
  set(driver, "name", "qemu");
  set(driver, "type", disk.format);
  if (!disk.cache.empty()) set(driver, "cache", disk.cache);
  set(add(node, "source"), disk.block ? "dev" : "file", disk.path);
  xml_node target = add(node, "target");
  set(target, "dev", target_name);
  set(target, "bus", disk.bus);
  if (!disk.serial.empty()) add_text(node, "serial", disk.serial);
  if (disk.read_only) add(node, "readonly");
  return node;
}

// Uses always the same address, which a trial's conditions promise to repeat.
xml_node add_nic(xml_node devices, const Nic& nic, unsigned address) {
  xml_node node = add(devices, "interface");
  set(node, "type", "user");
  set(add(node, "mac"), "address", fmt::format("52:54:00:6c:61:{:02x}", address));
  set(add(node, "model"), "type", nic.model);
  // A NIC without network has its link down, as libvirtd 9.0 crashes on <interface type='null'>.
  if (!nic.user_network) set(add(node, "link"), "state", "down");
  set(add(node, "rom"), "enabled", "no");  // the firmware would run it before each boot
  return node;
}

bool is_closed(const Nic& nic) {
  return nic.user_network && !nic.open;
}

std::string closed_network(std::size_t nic) {
  return fmt::format("lab-network{}", nic);
}

void add_socket_channel(xml_node devices, const std::string& name, const std::string& socket) {
  xml_node node = add(devices, "channel");
  set(node, "type", "unix");
  xml_node source = add(node, "source");
  set(source, "mode", "bind");
  set(source, "path", socket);
  xml_node target = add(node, "target");
  set(target, "type", "virtio");
  set(target, "name", name);
}

void add_console(xml_node devices, const std::string& socket) {
  xml_node node = add(devices, "serial");
  set(node, "type", "unix");
  xml_node source = add(node, "source");
  set(source, "mode", "bind");
  set(source, "path", socket);
  set(add(node, "target"), "port", "0");
}

void add_controller(xml_node devices, const char* type, const char* model) {
  xml_node node = add(devices, "controller");
  set(node, "type", type);
  set(node, "model", model);
}

bool has_disk_on(const DomainSpec& spec, const char* bus) {
  return std::ranges::find(spec.disks, bus, &Disk::bus) != spec.disks.end();
}

// Counts the devices that need a PCIe port each. libvirt makes those ports itself, but first fills
// the given ones: so spare ports exist only where all are given.
std::size_t ports_taken(const DomainSpec& spec) {
  const bool serial = !spec.channels.empty() || !spec.agent_socket.empty();
  const auto e1000 = std::ranges::count(spec.nics, "e1000", &Nic::model);
  const auto nics = static_cast<std::ptrdiff_t>(spec.nics.size()) - e1000;
  return static_cast<std::size_t>(std::ranges::count(spec.disks, "virtio", &Disk::bus) + nics +
                                  (e1000 > 0) + has_disk_on(spec, "scsi") + serial + spec.balloon);
}

void add_controllers(xml_node devices, const DomainSpec& spec) {
  add_controller(devices, "usb", "none");
  if (has_disk_on(spec, "scsi")) add_controller(devices, "scsi", "virtio-scsi");
  if (spec.machine != "q35" || spec.plug_slots == 0) return;
  add_controller(devices, "pci", "pcie-root");
  for (std::size_t i = 0; i < ports_taken(spec) + spec.plug_slots; ++i)
    add_controller(devices, "pci", "pcie-root-port");
}

}  // namespace

std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : value) text += c == ',' ? std::string(",,") : std::string(1, c);
  return text;
}

void add_devices(xml_node domain, const DomainSpec& spec) {
  xml_node devices = add(domain, "devices");
  if (!spec.emulator.empty()) add_text(devices, "emulator", spec.emulator);
  TargetNames targets;
  for (const Disk& disk : spec.disks)
    if (disk.bus != "nvme") add_disk(devices, disk, targets.next(disk.bus));
  add_controllers(devices, spec);
  for (unsigned i = 0; i < spec.nics.size(); ++i) add_nic(devices, spec.nics[i], i);
  if (!spec.console_socket.empty()) add_console(devices, spec.console_socket);
  for (const Channel& channel : spec.channels)
    add_socket_channel(devices, channel.name, channel.socket);
  if (!spec.agent_socket.empty())
    add_socket_channel(devices, "org.qemu.guest_agent.0", spec.agent_socket);
  set(add(devices, "memballoon"), "model", spec.balloon ? "virtio" : "none");
}

// libvirt 9.0 has no element for an emulated NVMe disk, so QEMU gets it by qemu:commandline.
std::vector<std::string> nvme_arguments(const DomainSpec& spec) {
  // libvirt, which does not know these devices, uses such slots only after all others.
  constexpr unsigned first_slot = 0x10;
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < spec.disks.size(); ++i) {
    const Disk& disk = spec.disks[i];
    if (disk.bus != "nvme") continue;
    const std::string id = fmt::format("lab-nvme{}", i);
    arguments.insert(arguments.end(),
                     {"-drive",
                      fmt::format("if=none,id={},file={},format={}{}{}", id, escaped(disk.path),
                                  disk.format, disk.cache.empty() ? "" : ",cache=" + disk.cache,
                                  disk.read_only ? ",readonly=on" : ""),
                      "-device",
                      fmt::format("nvme,drive={},serial={},bus={},addr=0x{:x}{}", id,
                                  escaped(disk.serial.empty() ? id : disk.serial),
                                  spec.machine == "q35" ? "pcie.0" : "pci.0", first_slot + i,
                                  // Precedes 1, which libvirt gives to its own first disk. QEMU
                                  // gives 0 to a kernel that it starts itself.
                                  i == 0 && spec.kernel.empty() ? ",bootindex=0" : "")});
  }
  return arguments;
}

// Replaces the network of a card: libvirt 9.0 has no element for a user network that leads nowhere.
// The gateway and the DHCP server, which are QEMU itself, still answer.
std::vector<std::string> network_arguments(const DomainSpec& spec) {
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < spec.nics.size(); ++i)
    if (is_closed(spec.nics[i]))
      arguments.insert(arguments.end(),
                       {"-netdev", fmt::format("user,id={},restrict=on", closed_network(i))});
  return arguments;
}

void add_network_overrides(xml_node domain, const DomainSpec& spec) {
  if (std::ranges::none_of(spec.nics, is_closed)) return;
  xml_node override = add(domain, "qemu:override");
  for (std::size_t i = 0; i < spec.nics.size(); ++i) {
    if (!is_closed(spec.nics[i])) continue;
    xml_node device = add(override, "qemu:device");
    set(device, "alias", fmt::format("net{}", i));  // as libvirt names them
    xml_node property = add(add(device, "qemu:frontend"), "qemu:property");
    set(property, "name", "netdev");
    set(property, "type", "string");
    set(property, "value", closed_network(i));
  }
}

std::string plugged_disk_xml(const std::string& path, const std::string& format) {
  pugi::xml_document document;
  const Disk disk{.path = path, .format = format, .cache = "unsafe", .serial = "labplug"};
  set(add(add_disk(document, disk, "vdz"), "alias"), "name", plugged_disk);
  return xml_text(document);
}

std::string plugged_nic_xml() {
  pugi::xml_document document;
  set(add(add_nic(document, {}, 0xff), "alias"), "name", plugged_nic);
  return xml_text(document);
}

}  // namespace lab::guest
