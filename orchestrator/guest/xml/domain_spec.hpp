// SPDX-License-Identifier: MIT
// Describes a domain, and writes it as libvirt's XML.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/files/account.hpp"

namespace lab::guest {

// Buses, caches, machines and NIC models have libvirt's own names.
struct Disk {
  std::string path;            // file or block device
  std::string format = "raw";  // "raw" or "qcow2"
  std::string bus = "virtio";  // "virtio", "scsi" (virtio-scsi), "sata" (AHCI), "nvme"
  std::string cache;           // "unsafe" for a disk that is thrown away; empty: QEMU's default
  std::string serial;          // seen in the guest as /dev/disk/by-id/virtio-SERIAL; may be empty
  bool read_only = false;
  bool block = false;  // path is a block device
};

// Is a file that the machine sees as persistent memory (an NVDIMM): its processor reads it, not a
// device with a timing of its own. It is no part of a saved state.
struct MemoryDisk {
  std::string path;
  std::uint64_t mib = 0;   // the file's size, whole MiB
  bool read_only = false;  // for the machine, not only for QEMU
};

// Is a network card on the guest's own bus; QEMU's option ROM is off.
struct Nic {
  std::string model = "virtio";  // "virtio", "e1000"
  bool user_network = true;      // QEMU's own, whose gateway is 10.0.2.2; otherwise no cable
  bool open = false;             // that network leads outwards, also to this machine itself
};

// Is a virtio-serial port; on the host's side QEMU listens on a UNIX socket.
struct Channel {
  std::string name;    // e.g. "lab.reader.0"
  std::string socket;  // path
};

struct DomainSpec {
  std::string name;
  bool accelerated = true;  // type kvm; otherwise qemu, emulated by TCG
  std::string emulator;     // the program; empty: libvirt's choice
  // QEMU runs as lab's own user, not as libvirt's: fewer rights gain nothing where lab is root in a
  // machine that is discarded.
  bool as_lab = false;
  // Emulated only: one instruction takes one nanosecond of the machine's time (-icount shift=0),
  // its time stamp counter included; idle time passes at once, and its clock begins at 2026. Its
  // virtio devices complete a request before the next instruction. One processor, and slow.
  bool count_instructions = false;
  std::vector<MemoryDisk> memory_disks;  // in Linux /dev/pmem0 and so on
  // A file that is the machine's whole memory, which can be saved with it (Domain::save_state).
  // Empty: none.
  std::string memory_file;
  // The machine waits for Domain::load_state instead of starting, and keeps its changes of
  // memory_file private: the page cache holds the rest once for all machines that began with that
  // file.
  bool incoming = false;
  std::string machine = "pc";  // "pc", "q35"
  unsigned vcpus = 1;
  std::uint64_t memory_mib = 768;
  bool huge_pages = false;  // of 2 MiB, which this machine must have set aside (machine_settings)
  std::string cpu_model;    // empty: host-passthrough
  std::vector<std::string> cpu_features;  // "+name" or "-name"
  std::string kernel, initrd, cmdline;    // direct kernel boot where kernel is given
  std::string firmware;                   // a file; empty: the emulator's own
  bool firmware_is_flash = false;         // UEFI, whose variables are lost with the domain
  std::vector<Disk> disks;                // the first one boots where no kernel is given
  std::vector<Nic> nics;
  bool balloon = false;     // virtio; Domain::set_memory needs it
  unsigned plug_slots = 0;  // devices that Domain::attach_* may add: each needs a PCIe port
  // A guest that reboots continues in the same QEMU process; otherwise the domain ends.
  bool on_reboot_restart = false;
  // Domain::powered_off() can report how the domain ended: its definition stays in libvirt until
  // then. libvirt's QEMU driver refuses on_poweroff=preserve. The counts outlive QEMU because lab
  // holds the VM's descriptor (kvm::VmCounters::hold).
  bool preserve_on_poweroff = false;
  std::vector<Channel> channels;
  std::string console_socket;  // the serial port's UNIX socket; empty: no serial port
  std::string agent_socket;    // QEMU guest agent's channel; empty: none
};

// Describes the user as whom a domain's QEMU runs (guest/domain/confinement).
struct Confinement {
  // Empty where libvirt cannot choose: a session's QEMU runs as the session's user.
  std::optional<base::Account> account;
  bool apparmor = false;  // libvirt confines domains by it
  // AppArmor's profile, which is loaded, and the domain's UUID, as libvirt names the profile by it.
  // Both are empty where the domain is exempt.
  std::string profile, uuid;
};

// Returns libvirt's domain XML with every string escaped (domain_xml.cpp); libvirt relabels
// nothing. It contains only the requested devices.
std::string domain_xml(const DomainSpec& spec, const Confinement& confinement = {});

}  // namespace lab::guest
