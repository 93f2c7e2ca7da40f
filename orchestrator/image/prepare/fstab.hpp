// SPDX-License-Identifier: MIT
// The file systems beside its root that an image's /etc/fstab names, as far as lab changes or reads
// files there.
#pragma once

#include <string>
#include <vector>

namespace lab::image {

struct Mount {
  std::string device;   // as fstab names it: UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path
  std::string folder;   // such as /boot
  std::string options;  // of the file system: "" or "subvol=NAME" (btrfs)
};

// In the order in which they are to be mounted. Lines that are no entries are passed over.
std::vector<Mount> read_fstab(const std::string& text);

// The EFI system partition, at /boot/efi or /efi, where it is an entry.
std::vector<Mount> efi_partition_in(const std::string& text);

}  // namespace lab::image
