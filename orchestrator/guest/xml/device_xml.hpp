// SPDX-License-Identifier: MIT
// The devices of a domain as libvirt's XML, and those that libvirt has no element for as arguments
// of QEMU.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/guest/xml/domain_spec.hpp"

namespace pugi {
class xml_node;
}

namespace lab::guest {

// Appends <devices>. What libvirt or QEMU would add by themselves is switched off: each device
// costs exits. NVMe disks are not in it.
void add_devices(pugi::xml_node domain, const DomainSpec& spec);

// For a value of QEMU's options: a comma ends it, unless doubled.
std::string escaped(const std::string& value);

// libvirt has no emulated NVMe: it comes by QEMU's own words.
std::vector<std::string> nvme_arguments(const DomainSpec& spec);
std::vector<std::string> network_arguments(const DomainSpec& spec);
void add_network_overrides(pugi::xml_node domain, const DomainSpec& spec);

// What Domain::attach_* plugs, by alias: one of each at a time.
inline constexpr const char* plugged_disk = "ua-lab-disk";
inline constexpr const char* plugged_nic = "ua-lab-nic";
std::string plugged_disk_xml(const std::string& path, const std::string& format);  // virtio-blk
std::string plugged_nic_xml();  // virtio-net on a user network

}  // namespace lab::guest
