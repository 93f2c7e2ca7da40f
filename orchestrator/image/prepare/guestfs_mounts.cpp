// SPDX-License-Identifier: MIT
// Finds and mounts an image's file systems, and sets the SELinux labels in them.
#include <guestfs.h>

#include <cerrno>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/image/prepare/fstab.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"

namespace lab::image {
namespace {

constexpr const char* label_name = "security.selinux";

std::string unquoted(std::string text) {
  std::erase(text, '"');
  return text;
}

bool equal_but_for_case(const std::string& a, const std::string& b) {
  return base::lower(a) == base::lower(b);
}

}  // namespace

std::string Guestfs::last_error() const {
  const char* message = guestfs_last_error(handle_.get());
  return message != nullptr ? message : "unknown error";
}

bool Guestfs::mount(const std::string& device, const std::string& folder,
                    const std::string& options) {
  const int result =
      guestfs_mount_options(handle_.get(), options.c_str(), device.c_str(), folder.c_str());
  if (result == -1) check_alive("mount", device);
  return result != -1;
}

bool Guestfs::holds_system() {
  return exists("/etc/os-release") || exists("/usr/lib/os-release");
}

// libguestfs does not list encrypted devices among the file systems.
std::string Guestfs::encrypted_devices() {
  std::string found;
  for (const auto list_devices : {guestfs_list_devices, guestfs_list_partitions}) {
    const ListPtr list(list_devices(handle_.get()));
    if (!list) check(-1, "list devices of", "the image");
    for (char** device = list.get(); *device != nullptr; ++device) {
      const TextPtr type(guestfs_vfs_type(handle_.get(), *device));
      if (type && type.get() == std::string("crypto_LUKS")) found += std::string(" ") + *device;
    }
  }
  return found;
}

void Guestfs::mount_root() {
  const ListPtr list(guestfs_list_filesystems(handle_.get()));
  if (!list) check(-1, "list file systems of", "the image");
  std::string others;
  for (char** entry = list.get(); entry[0] != nullptr; entry += 2) {
    const std::string device = entry[0], type = entry[1];
    others += "\n  " + device + " (" + type + "): ";
    if (!mount(device, "/", "")) {
      others += last_error();
      continue;
    }
    if (holds_system()) {
      root_ = device;
      labelled_ = !selinux_label("/").empty();
      return mount_beside_root();
    }
    others += "has no /etc/os-release";
    check(guestfs_umount_all(handle_.get()), "unmount", device);
  }
  if (const std::string encrypted = encrypted_devices(); !encrypted.empty())
    throw base::user_error("the image's disk is encrypted (LUKS):" + encrypted,
                           "an image whose root is not encrypted");
  throw base::user_error(
      "no file system of the image holds an operating system" +
          (others.empty() ? ", for it has none" : ":" + others),
      "use a cloud image of a Linux distribution with systemd, whose root is not encrypted");
}

std::string Guestfs::mount_efi_partition() {
  if (efi_failure_) return *efi_failure_;
  efi_failure_ = "";
  if (!exists("/etc/fstab")) return "";
  for (const Mount& entry : efi_partition_in(read("/etc/fstab")))
    if (const std::string why = mount_entry(entry); !why.empty())
      *efi_failure_ += (efi_failure_->empty() ? "its " : "; its ") + why;
  return *efi_failure_;
}

std::string Guestfs::root_partition() {
  // The root may be a subvolume of btrfs, "btrfsvol:/dev/sda1/NAME".
  const TextPtr device(guestfs_mountable_device(handle_.get(), root_.c_str()));
  if (!device) check(-1, "look at", root_);
  const ListPtr about(guestfs_blkid(handle_.get(), device.get()));
  if (!about) check(-1, "look at", root_);
  for (char** fact = about.get(); fact[0] != nullptr; fact += 2)
    if (fact[0] == std::string("PART_ENTRY_UUID")) return std::string("PARTUUID=") + fact[1];
  return "";
}

std::string Guestfs::mount_entry(const Mount& entry) {
  const std::string device = find_device(entry.device);
  if (!device.empty() && mount(device, entry.folder, entry.options)) return "";
  return entry.folder + " (" + entry.device + " in its /etc/fstab) cannot be mounted: " +
         (device.empty() ? "no file system of the image is that" : last_error());
}

void Guestfs::mount_beside_root() {
  if (!exists("/etc/fstab")) return;
  for (const Mount& entry : read_fstab(read("/etc/fstab")))
    if (const std::string why = mount_entry(entry); !why.empty())
      throw base::infrastructure_error(
          "the image's " + why,
          "use an image whose system can be reached without its own drivers, with all of its disk");
}

// Returns libguestfs' name for what fstab names; empty where there is no such device.
std::string Guestfs::find_device(const std::string& name) {
  const std::size_t equal = name.find('=');
  if (equal == std::string::npos) {
    const TextPtr device(guestfs_canonical_device_name(handle_.get(), name.c_str()));
    return device ? device.get() : "";
  }
  const std::string key = name.substr(0, equal), value = unquoted(name.substr(equal + 1));
  if (key == "UUID") {
    const TextPtr device(guestfs_findfs_uuid(handle_.get(), value.c_str()));
    return device ? device.get() : "";
  }
  if (key == "LABEL") {
    const TextPtr device(guestfs_findfs_label(handle_.get(), value.c_str()));
    return device ? device.get() : "";
  }
  if (key == "PARTUUID") return find_partition("PART_ENTRY_UUID", value);
  if (key == "PARTLABEL") return find_partition("PART_ENTRY_NAME", value);
  return "";
}

// Returns the partition for which blkid reports this value; empty where there is none.
std::string Guestfs::find_partition(const std::string& key, const std::string& value) {
  const ListPtr partitions(guestfs_list_partitions(handle_.get()));
  if (!partitions) check(-1, "list partitions of", "the image");
  for (char** partition = partitions.get(); *partition != nullptr; ++partition) {
    const ListPtr about(guestfs_blkid(handle_.get(), *partition));
    if (!about) continue;
    for (char** fact = about.get(); fact[0] != nullptr; fact += 2)
      if (fact[0] == key && equal_but_for_case(fact[1], value)) return *partition;
  }
  return "";
}

// Returns "" where the file has no label, as in an image without SELinux, or can have none.
std::string Guestfs::selinux_label(const std::string& path) {
  std::size_t size = 0;
  const TextPtr label(guestfs_lgetxattr(handle_.get(), path.c_str(), label_name, &size));
  if (label) return {label.get(), size};
  const int number = guestfs_last_errno(handle_.get());
  if (number != ENODATA && number != EOPNOTSUPP) check(-1, "read the SELinux label of", path);
  return "";
}

// Keeps a label that the file already has.
void Guestfs::give_label(const std::string& path) {
  if (!labelled_ || !selinux_label(path).empty()) return;
  const std::string label = selinux_label(std::filesystem::path(path).parent_path());
  if (label.empty()) return;
  check(guestfs_lsetxattr(handle_.get(), label_name, label.data(), static_cast<int>(label.size()),
                          path.c_str()),
        "set the SELinux label of", path);
}

}  // namespace lab::image
