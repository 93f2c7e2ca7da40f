// SPDX-License-Identifier: MIT
// Prepares an image for trials: adds the reader and its service, and sets the console and kernel
// parameters of the scenario. Results are cached by content: a second call with the same parts
// injects nothing.
#pragma once

#include "orchestrator/image/prepare/boot_config.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"
#include "orchestrator/image/store.hpp"

namespace lab::image {

// Selects when the reader's service starts, and so what the boot step counts.
enum class ReadyAt {
  multi_user,  // after systemd reached multi-user.target, without delaying it
  early,       // as soon as systemd starts services
  cloud_init,  // after cloud-init's last stage; only with a disk image that has cloud-init
};

struct PrepareOptions {
  Console console = Console::quiet;
  ReadyAt ready_at = ReadyAt::multi_user;
  std::string cmdline;  // added to the kernel's own: printable ASCII
  // Boots the image's disk by the user's kernel, without its boot loader. Does not change how a
  // direct image is prepared.
  bool own_kernel = false;
};

struct Prepared {
  Image::Kind kind = Image::Kind::disk;
  std::filesystem::path disk, kernel, initrd;  // absolute; empty where there is none
  std::string disk_format;
  // Is set with a kernel, or where the user's kernel boots the disk: then it names the root (root=)
  // as far as the image knows it.
  std::string cmdline;
  std::string digest;       // "sha256:HEX" over the image's digest, the reader's and the options
  bool found = true;        // false: it was prepared by this call
  bool needs_uefi = false;  // its boot loader is systemd-boot
};

// Throws a user error where the image lacks what the options need.
Prepared prepare(const Image& image, const base::Folders& folders, const PrepareOptions& options,
                 const ApplianceOptions& appliance, const Progress& progress);

}  // namespace lab::image
