// SPDX-License-Identifier: MIT
// A running domain that ends with its owner: destroyed by libvirt itself when the connection
// closes, even by kill -9.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/guest/domain/confinement.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/xml/domain_xml.hpp"

namespace lab::guest {

enum class Lifetime { ends_with_lab, stays };

class Domain {
 public:
  // Creates the domain paused, so that nothing of it is missed before its sockets are read.
  // `connection` must outlive it. Error (infrastructure) with libvirt's message.
  Domain(virConnect* connection, const DomainSpec& spec,
         Lifetime lifetime = Lifetime::ends_with_lab);
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;
  // Kills QEMU (Lifetime::ends_with_lab), has libvirt forget the domain, and waits until QEMU is
  // gone.
  ~Domain();

  void resume();
  void pause();
  // False as soon as it shut down, crashed or vanished. Error (infrastructure) where QEMU paused
  // it because a disk of this machine is full or fails, or where libvirt cannot tell.
  bool running() const;
  // Until QEMU has taken the connections to the spec's console and channels: at most 10 s, else
  // Error (infrastructure). A machine that starts before notices when that is.
  void await_connections() const;
  // By lab, or by the machine itself; false where that cannot be asked.
  bool paused() const;
  // Whether the guest itself powered the machine off (ACPI), once running() is false: not reset,
  // destroyed or crashed. Needs DomainSpec::preserve_on_poweroff.
  bool powered_off() const;
  void destroy();  // now; nothing where it has ended

  // What can be done to it from outside, while it runs. All throw Error (infrastructure) with
  // libvirt's or QEMU's own message.
  void pin(unsigned vcpu, const std::string& cpus);  // this machine's: "0", "0-1", "0,2"
  void set_memory(std::uint64_t mib);                // asks the balloon; the guest takes its time
  void attach_disk(const std::string& path, const std::string& format);  // virtio-blk
  void attach_nic();                                                     // virtio, user network
  // Wait until the guest has let go of it: at most 30 s, then Error (infrastructure).
  void detach_disk();
  void detach_nic();
  // Pressed together on the PS/2 keyboard: "a", "ctrl+alt+delete". Error (user) for a key unknown
  // to key_codes() (guest/domain/keys.hpp).
  void press(const std::string& keys);
  // Saves the whole machine into its qcow2 disk and goes back to what was saved, all in the same
  // QEMU process: the VM of KVM and its counters stay. Error where it has no qcow2 disk, or a
  // device that cannot be saved (NVMe).
  void save_and_restore();
  // What lies at its addresses and ports now, as QEMU's `info mtree -f` prints it. Needs a QEMU
  // that still is there.
  std::string memory_tree();

  // Writes the machine's devices into a new file, which belongs to its DomainSpec::memory_file and
  // to its disks as they are then. It does not go on after that. Error (infrastructure).
  void save_state(const std::filesystem::path& file);
  // Fills a machine that was made with DomainSpec::incoming and has at least the devices of the
  // saved one; it stays paused. Error (infrastructure) where the file is not one of such a machine.
  void load_state(const std::filesystem::path& file);

  // The QEMU process; nullopt where it cannot be found.
  std::optional<pid_t> pid() const { return pid_; }
  const std::string& name() const { return name_; }

 private:
  void end();
  void end_unknown();
  void attach(const std::string& xml, const std::string& what);
  void detach(const std::string& alias, const std::string& what);
  bool has_device(const std::string& alias) const;
  // Asks QEMU's monitor for people, for at most so many usual calls' times; its answer.
  std::string monitor(const std::string& command, int times);

  virConnect* connection_;
  std::string name_;
  Lifetime lifetime_;
  bool defined_ = false;                  // and to be undefined at the end
  bool can_be_saved_ = false;             // has a writable qcow2 disk
  std::optional<base::Account> account_;  // QEMU's, where lab knows it
  DomainPtr domain_;
  std::optional<pid_t> pid_;
  base::Fd process_;  // QEMU's
};

}  // namespace lab::guest
