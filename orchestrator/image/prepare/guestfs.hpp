// SPDX-License-Identifier: MIT
// libguestfs: changing the files of a disk image without mounting it on this machine.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"

extern "C" {
typedef struct guestfs_h guestfs_h;
}

namespace lab::image {

// How the appliance is started: always by emulation, since /dev/kvm can lie. Where lab is root, its
// QEMU, which reads file systems of unknown origin, runs as base::account_for_emulators(); with a
// warning as root where that user cannot read the disk.
struct ApplianceOptions {
  std::filesystem::path cache;  // where the appliance is kept
  std::filesystem::path
      kernel_kit;  // a kernel kit, so that this machine needs no kernel of its own
  // Where libguestfs keeps sockets and files while it runs; swept with lab's run when lab is
  // killed. Short enough for a socket's name.
  std::filesystem::path scratch = std::filesystem::temp_directory_path();
  // What the disk is an overlay of.
  std::filesystem::path backing_file;
};

// A running appliance with one disk. What is made in an image with SELinux labels gets that of its
// folder, as it would there. Every method throws Error (infrastructure) with libguestfs' own
// message; where the appliance hangs, it is ended, and the Error says so. Ctrl-C ends it at once.
class Guestfs {
 public:
  Guestfs(const std::filesystem::path& disk, const std::string& format,
          const ApplianceOptions& options);
  ~Guestfs();

  // How long it may take from now on for each thing that it is to do, instead of 20 minutes.
  void set_patience(std::chrono::milliseconds patience);
  // Mounts the file system that holds an operating system (one with /etc/os-release) as /, and what
  // its /etc/fstab has beside it (fstab.hpp). The error says of each file system why it is not it.
  void mount_root();
  // Mounts the EFI system partition where its /etc/fstab has it, and leaves it out where that
  // fails.
  void mount_efi_partition();
  // How a kernel without an initrd finds that file system: "PARTUUID=..."; empty where it is not on
  // a partition of the disk's own table (a whole disk, LVM).
  std::string root_partition();
  bool exists(const std::string& path);
  std::string read(const std::string& path);
  void write(const std::string& path, const std::string& text, int mode = 0644);
  void upload(const std::filesystem::path& file, const std::string& path, int mode);
  void make_folder(const std::string& path);
  void link(const std::string& target, const std::string& path);
  // The paths that a shell's pattern fits.
  std::vector<std::string> glob(const std::string& pattern);
  // The file's SELinux label; empty where it has none.
  std::string selinux_label(const std::string& path);
  // Writes everything out and ends the appliance.
  void finish();

 private:
  struct Closer {
    void operator()(guestfs_h* handle) const;
  };
  void check(int result, const std::string& operation, const std::string& object) const;
  // Error where the appliance was ended, which fails whatever it was asked.
  void check_alive(const std::string& operation, const std::string& object) const;
  bool mount(const std::string& device, const std::string& folder, const std::string& options);
  std::string last_error() const;
  bool holds_system();
  std::string encrypted_devices();  // each behind a blank
  void mount_beside_root();
  std::string find_device(const std::string& name);
  std::string find_partition(const std::string& key, const std::string& value);
  void give_label(const std::string& path);

  void confine(const ApplianceOptions& options);

  class Guard;
  const std::filesystem::path disk_;
  bool given_away_ = false;  // the disk is the appliance's until it has ended
  std::unique_ptr<base::TemporaryFolder> hypervisor_;  // what starts QEMU as another user
  std::unique_ptr<Guard> guard_;  // until the handle is closed, which waits for the appliance
  std::unique_ptr<guestfs_h, Closer> handle_;
  std::string root_;       // the device that mount_root() found
  bool labelled_ = false;  // the image's files have SELinux labels
};

// Removes the folders of sockets that killed programs left: for root libguestfs makes them in /tmp
// and cannot be told another place.
void remove_dead_sockets();

// Starts the appliance with an empty disk and ends it again: "" where that works, else why not.
std::string try_appliance(const ApplianceOptions& options);

}  // namespace lab::image
