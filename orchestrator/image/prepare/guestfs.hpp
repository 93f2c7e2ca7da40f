// SPDX-License-Identifier: MIT
// Changes files of a disk image by libguestfs, without mounting it on this machine.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"

extern "C" {
typedef struct guestfs_h guestfs_h;
}

namespace lab::image {

struct Mount;  // fstab.hpp

// Says how the appliance starts. It is always emulated, since /dev/kvm can lie. Where lab is root,
// the QEMU, which reads file systems of unknown origin, runs as base::account_for_emulators(); it
// runs as root, with a warning, where that user cannot read the disk.
struct ApplianceOptions {
  std::filesystem::path cache;  // where the appliance is kept
  std::filesystem::path
      kernel_kit;  // a kernel kit, so that this machine needs no kernel of its own
  // The folder of libguestfs' sockets and files. Lab's next call removes it if lab is killed. Its
  // path is short enough for a socket's name.
  std::filesystem::path scratch = std::filesystem::temp_directory_path();
  // The file that the disk is an overlay of.
  std::filesystem::path backing_file;
};

// Is a running appliance with one disk. In an image with SELinux labels a new file gets the label
// of its folder, as it would in the guest. Every method throws an infrastructure error with
// libguestfs' own message. If the appliance hangs, lab ends it and the error says so; Ctrl-C ends
// it at once.
class Guestfs {
 public:
  Guestfs(const std::filesystem::path& disk, const std::string& format,
          const ApplianceOptions& options);
  ~Guestfs();

  // Sets how long each later operation may take, instead of 20 minutes.
  void set_patience(std::chrono::milliseconds patience);
  // Mounts the file system that holds an operating system (one with /etc/os-release) as /, and
  // those that its /etc/fstab adds (fstab.hpp). The error gives a reason for each file system it
  // rejects.
  void mount_root();
  // Mounts the EFI system partition where /etc/fstab names it. Most images do not need it, so a
  // failure is no error. Returns the reason for it, in words that can follow others; "" without
  // one.
  std::string mount_efi_partition();
  // Returns the root= by which a kernel without an initrd finds the root: "PARTUUID=..."; empty
  // where it is not on a partition of the disk's own table (a whole disk, LVM).
  std::string root_partition();
  bool exists(const std::string& path);
  std::string read(const std::string& path);
  void write(const std::string& path, const std::string& text, int mode = 0644);
  void upload(const std::filesystem::path& file, const std::string& path, int mode);
  void make_folder(const std::string& path);
  void link(const std::string& target, const std::string& path);
  // Returns the paths that match a shell pattern.
  std::vector<std::string> glob(const std::string& pattern);
  // Returns the file's SELinux label; empty where it has none.
  std::string selinux_label(const std::string& path);
  // Writes all data to the disk and ends the appliance.
  void finish();

 private:
  struct Closer {
    void operator()(guestfs_h* handle) const;
  };
  void check(int result, const std::string& operation, const std::string& object) const;
  // Throws where lab ended the appliance, which makes every operation fail.
  void check_alive(const std::string& operation, const std::string& object) const;
  bool mount(const std::string& device, const std::string& folder, const std::string& options);
  std::string last_error() const;
  bool holds_system();
  std::string encrypted_devices();  // each after a blank
  void mount_beside_root();
  // Mounts what fstab names. Returns why it cannot; "" where it can.
  std::string mount_entry(const Mount& entry);
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
  std::string root_;                        // the device that mount_root() found
  bool labelled_ = false;                   // the image's files have SELinux labels
  std::optional<std::string> efi_failure_;  // what mount_efi_partition() found
};

// Removes the socket folders that killed programs left: for root, libguestfs always makes them in
// /tmp.
void remove_dead_sockets();

// Starts the appliance with an empty disk and ends it. Returns "" on success, else the reason.
std::string try_appliance(const ApplianceOptions& options);

// These wrap what libguestfs allocates in unique_ptr.
struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

struct FreeList {
  void operator()(char** list) const {
    for (char** text = list; *text != nullptr; ++text) std::free(*text);
    std::free(list);
  }
};

using TextPtr = std::unique_ptr<char, FreeText>;
using ListPtr = std::unique_ptr<char*, FreeList>;  // of strings, ends with null

}  // namespace lab::image
