// SPDX-License-Identifier: MIT
// Runs a domain that ends with its owner: libvirt itself destroys it when the connection closes,
// even by kill -9.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

enum class Lifetime { ends_with_lab, stays };

// These choose the user as whom a domain's QEMU runs (confinement.cpp).
//
// Returns the user that libvirt gives to QEMU, from libvirt's capabilities (Debian: libvirt-qemu).
Confinement confinement_in(const std::string& capabilities, bool accelerated);
Confinement usual_confinement(virConnect* connection, bool accelerated);

// Returns the user of a domain that is about to start: libvirt's, who gets what the domain writes.
// It is lab's own where the domain asks for it and, with a warning, where libvirt's cannot read its
// files.
Confinement confine(virConnect* connection, const DomainSpec& spec);

class Domain {
 public:
  // Creates the domain paused, so that no output is missed before its sockets are read.
  // `connection` must outlive it. Throws an infrastructure error with libvirt's message.
  Domain(virConnect* connection, const DomainSpec& spec,
         Lifetime lifetime = Lifetime::ends_with_lab);
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;
  // Kills QEMU (Lifetime::ends_with_lab), makes libvirt forget the domain, and waits until QEMU is
  // gone.
  ~Domain();

  void resume();
  void pause();
  // Returns false as soon as it shut down, crashed or vanished. Throws an infrastructure error
  // where QEMU paused it because a disk of this machine is full or fails, or where libvirt does not
  // know.
  bool running() const;
  // Waits until QEMU has accepted the connections to the spec's console and channels: at most 10 s,
  // then throws an infrastructure error. A machine that starts earlier notices the time of this.
  void await_connections() const;
  // Returns whether lab or the machine itself paused it; false where libvirt cannot answer.
  bool paused() const;
  // Returns whether the guest itself powered the machine off (ACPI), once running() is false: not
  // where it was reset, destroyed or crashed. Needs DomainSpec::preserve_on_poweroff.
  bool powered_off() const;
  void destroy();  // at once; does nothing where it has ended

  // Change it from outside, while it runs. All throw infrastructure errors with libvirt's or QEMU's
  // own message.
  void pin(unsigned vcpu, const std::string& cpus);  // this machine's: "0", "0-1", "0,2"
  void set_memory(std::uint64_t mib);                // asks the balloon; the guest needs some time
  void attach_disk(const std::string& path, const std::string& format);  // virtio-blk
  void attach_nic();  // virtio, on a user network that leads nowhere
  // Wait until the guest has released it, for at most 30 s; then throw an infrastructure error.
  void detach_disk();
  void detach_nic();
  // Presses keys together on the PS/2 keyboard: "a", "ctrl+alt+delete". Throws a user error for a
  // key unknown to key_codes().
  void press(const std::string& keys);
  // Saves the whole machine into its qcow2 disk and restores it, all in the same QEMU process:
  // KVM's VM and its counters stay. Throws Error where it has no qcow2 disk, or a device that
  // cannot be saved (NVMe).
  void save_and_restore();
  // Returns what lies at its addresses and ports now, as QEMU's `info mtree -f` prints it. Needs a
  // QEMU that still runs.
  std::string memory_tree();

  // Writes the machine's devices into a new file, which belongs to its DomainSpec::memory_file and
  // to its disks as they are then. The machine stops after that. Throws an infrastructure error.
  void save_state(const std::filesystem::path& file);
  // Restores a machine that was made with DomainSpec::incoming and has at least the devices of the
  // saved one; it stays paused. Throws an infrastructure error where the file is not of such a
  // machine.
  void load_state(const std::filesystem::path& file);

  // Returns the QEMU process; nullopt where it was not found.
  std::optional<pid_t> pid() const { return pid_; }
  const std::string& name() const { return name_; }

 private:
  void end();
  void end_unknown();
  std::string devices_xml() const;
  void wait_until_unplugged(const std::string& what, const std::function<bool()>& is_there);
  // Runs a command in QEMU's human monitor, for at most `times` a usual call's time; returns its
  // output.
  std::string monitor(const std::string& command, int times);

  virConnect* connection_;
  std::string name_;
  Lifetime lifetime_;
  bool defined_ = false;                  // and must be undefined at the end
  bool can_be_saved_ = false;             // has a writable qcow2 disk
  std::optional<base::Account> account_;  // QEMU's, where lab knows it
  DomainPtr domain_;
  std::optional<pid_t> pid_;
  base::Fd process_;  // QEMU's
};

// Returns Linux' key codes of "ctrl+alt+delete": letters, digits, f1..f12, ctrl, alt, shift,
// delete, enter, esc, tab, space, up, down, left, right, sysrq; at most 16. Throws a user error for
// others.
std::vector<unsigned> key_codes(const std::string& keys);

}  // namespace lab::guest
