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
  xml_node node =
      add(devices, "disk", {{"type", disk.block ? "block" : "file"}, {"device", "disk"}});
  xml_node driver = add(node, "driver", {{"name", "qemu"}, {"type", disk.format}});
  if (!disk.cache.empty()) driver.append_attribute("cache").set_value(disk.cache.c_str());
  add(node, "source", {{disk.block ? "dev" : "file", disk.path}});
  add(node, "target", {{"dev", target_name}, {"bus", disk.bus}});
  if (!disk.serial.empty()) add_text(node, "serial", disk.serial);
  if (disk.read_only) add(node, "readonly");
  return node;
}

xml_node add_nic(xml_node devices, const Nic& nic, unsigned address) {
  xml_node node = add(devices, "interface", {{"type", "user"}});
  add(node, "mac", {{"address", mac_address(address)}});
  add(node, "model", {{"type", nic.model}});
  // A NIC without network has its link down, as libvirtd 9.0 crashes on <interface type='null'>.
  if (!nic.user_network) add(node, "link", {{"state", "down"}});
  add(node, "rom", {{"enabled", "no"}});  // the firmware would run it before each boot
  return node;
}

bool is_closed(const Nic& nic) {
  return nic.user_network && !nic.open;
}

std::string closed_network(std::size_t nic) {
  return fmt::format("lab-network{}", nic);
}

// Adds a device whose other end is a socket on which QEMU listens.
void add_socket(xml_node devices, const char* device, const std::string& socket,
                Attributes target) {
  xml_node node = add(devices, device, {{"type", "unix"}});
  add(node, "source", {{"mode", "bind"}, {"path", socket}});
  add(node, "target", target);
}

void add_socket_channel(xml_node devices, const std::string& name, const std::string& socket) {
  add_socket(devices, "channel", socket, {{"type", "virtio"}, {"name", name}});
}

void add_controller(xml_node devices, const char* type, const char* model) {
  add(devices, "controller", {{"type", type}, {"model", model}});
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

std::string mac_address(unsigned nic) {
  return fmt::format("52:54:00:6c:61:{:02x}", nic);
}

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
  if (!spec.console_socket.empty())
    add_socket(devices, "serial", spec.console_socket, {{"port", "0"}});
  for (const Channel& channel : spec.channels)
    add_socket_channel(devices, channel.name, channel.socket);
  if (!spec.agent_socket.empty())
    add_socket_channel(devices, "org.qemu.guest_agent.0", spec.agent_socket);
  add(devices, "memballoon", {{"model", spec.balloon ? "virtio" : "none"}});
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
    // The alias is as libvirt names them.
    xml_node device = add(override, "qemu:device", {{"alias", fmt::format("net{}", i)}});
    add(add(device, "qemu:frontend"), "qemu:property",
        {{"name", "netdev"}, {"type", "string"}, {"value", closed_network(i)}});
  }
}

std::string plugged_disk_xml(const std::string& path, const std::string& format) {
  pugi::xml_document document;
  const Disk disk{.path = path, .format = format, .cache = "unsafe", .serial = "labplug"};
  add(add_disk(document, disk, "vdz"), "alias", {{"name", plugged_disk}});
  return xml_text(document);
}

PciSlot free_plug_slot(const std::string& domain_xml) {
  pugi::xml_document document;
  document.load_string(domain_xml.c_str());
  const xml_node devices = document.child("domain").child("devices");
  const auto is_free = [&](unsigned bus) {
    return std::ranges::none_of(devices.children(), [&](xml_node device) {
      const xml_node address = device.child("address");
      return std::string_view(address.attribute("type").value()) == "pci" &&
             address.attribute("bus").as_uint() == bus;
    });
  };
  bool has_ports = false;
  unsigned last_free = 0;
  for (const xml_node port : devices.children("controller")) {
    if (std::string_view(port.attribute("model").value()) != "pcie-root-port") continue;
    has_ports = true;
    const unsigned bus = port.attribute("index").as_uint();
    if (is_free(bus)) last_free = std::max(last_free, bus);
  }
  if (!has_ports) return {"pci.0", "0x1e"};
  return last_free == 0 ? PciSlot{} : PciSlot{fmt::format("pci.{}", last_free), "0x0"};
}

}  // namespace lab::guest
