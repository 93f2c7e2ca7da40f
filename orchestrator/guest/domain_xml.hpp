// SPDX-License-Identifier: MIT
// What a domain is made of, and its libvirt XML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lab::guest {

struct Disk {
  std::string path;    // file or block device
  std::string format;  // "raw" or "qcow2"
  std::string serial;  // seen in the guest as /dev/disk/by-id/virtio-SERIAL; may be empty
  bool read_only = false;
  bool block = false;           // path is a block device
  bool discard_writes = false;  // cache=unsafe: the disk is thrown away afterwards anyway
};

// A virtio-serial port, on the host's side a UNIX socket on which QEMU listens.
struct Channel {
  std::string name;    // e.g. "lab.reader.0"
  std::string socket;  // path
};

struct DomainSpec {
  std::string name;
  bool accelerated = true;  // type kvm; otherwise qemu, emulated by TCG
  std::string emulator;     // the program; empty: libvirt's choice
  // Emulated only: one instruction is one nanosecond of the machine's time (-icount shift=0), its
  // time stamp counter included. One processor, and slow.
  bool count_instructions = false;
  std::string machine = "pc";
  unsigned vcpus = 1;
  std::uint64_t memory_mib = 768;
  std::string cpu_model;                  // empty: host-passthrough
  std::vector<std::string> cpu_features;  // required ones, with a named model
  std::string kernel, initrd, cmdline;    // direct kernel boot where kernel is given
  std::vector<Disk> disks;
  std::vector<Channel> channels;
  std::string console_socket;  // the serial port's UNIX socket; empty: no serial port
  std::string agent_socket;    // QEMU guest agent's channel; empty: none
};

// libvirt's domain XML, every string escaped. QEMU runs as lab's own user (a DAC label), so that
// it may read lab's caches; libvirt relabels nothing. `apparmor`: this machine has it, and the
// domain is not to be confined by it.
std::string domain_xml(const DomainSpec& spec, bool apparmor = false);

}  // namespace lab::guest
