// SPDX-License-Identifier: MIT
// Lists the file systems, apart from the root, that an image's /etc/fstab names, as far as lab
// changes or reads files there.
#pragma once

#include <string>
#include <vector>

namespace lab::image {

struct Mount {
  std::string device;   // as fstab names it: UUID=, LABEL=, PARTUUID=, PARTLABEL= or a path
  std::string folder;   // such as /boot
  std::string options;  // of the file system: "" or "subvol=NAME" (btrfs)
};

// Returns the mounts in the order in which to mount them. Skips lines that are no entries.
std::vector<Mount> read_fstab(const std::string& text);

// Returns the EFI system partition, at /boot/efi or /efi, if fstab has an entry for it.
std::vector<Mount> efi_partition_in(const std::string& text);

}  // namespace lab::image
