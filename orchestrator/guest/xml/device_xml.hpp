// SPDX-License-Identifier: MIT
// Writes a domain's devices as libvirt's XML, and those that libvirt has no element for as
// arguments of QEMU.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/guest/xml/domain_spec.hpp"

namespace pugi {
class xml_node;
}

namespace lab::guest {

// Appends <devices>, without NVMe disks. Switches off what libvirt or QEMU would add by themselves:
// each device costs exits.
void add_devices(pugi::xml_node domain, const DomainSpec& spec);

// Doubles the commas in a value of QEMU's options, as a single comma ends it.
std::string escaped(const std::string& value);

// Returns QEMU's own arguments for NVMe disks, which libvirt cannot emulate.
std::vector<std::string> nvme_arguments(const DomainSpec& spec);
std::vector<std::string> network_arguments(const DomainSpec& spec);
void add_network_overrides(pugi::xml_node domain, const DomainSpec& spec);

// The aliases of what Domain::attach_* plugs: one of each at a time.
inline constexpr const char* plugged_disk = "ua-lab-disk";
inline constexpr const char* plugged_nic = "ua-lab-nic";
std::string plugged_disk_xml(const std::string& path, const std::string& format);  // virtio-blk
inline constexpr const char* plugged_network = "lab-network-plugged";

// Returns the address of a card, always the same, which a trial's conditions promise to repeat.
std::string mac_address(unsigned nic);

struct PciSlot {
  std::string bus;  // QEMU's name; empty where no slot is free
  std::string address;
};

// Returns a slot for a device that libvirt does not know, out of a running domain's description:
// the last free PCIe port, or without such ports (machine pc) one of the last. libvirt takes the
// first for those that it plugs itself.
PciSlot free_plug_slot(const std::string& domain_xml);

}  // namespace lab::guest
