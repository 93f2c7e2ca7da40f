// SPDX-License-Identifier: MIT
// Preparing an image for trials: the reader and its service in, the console and the kernel's
// parameters as the scenario wants them. Kept by content: a second call with the same parts injects
// nothing.
#pragma once

#include "orchestrator/image/prepare/boot_config.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"
#include "orchestrator/image/store.hpp"

namespace lab::image {

// When the reader's service starts, and so what the boot step counts.
enum class ReadyAt {
  multi_user,  // after systemd reached multi-user.target, without delaying it
  early,       // as soon as systemd starts services
  cloud_init,  // after cloud-init's last stage; a disk image that has cloud-init
};

struct PrepareOptions {
  Console console = Console::quiet;
  ReadyAt ready_at = ReadyAt::multi_user;
  std::string cmdline;  // added to the kernel's own: printable ASCII
  // The image's disk is booted by a kernel of the user's, without its boot loader. Nothing of a
  // direct image changes by it.
  bool own_kernel = false;
};

struct Prepared {
  Image::Kind kind = Image::Kind::disk;
  std::filesystem::path disk, kernel, initrd;  // absolute; empty where there is none
  std::string disk_format;
  // With a kernel, or where it is to be booted by the user's: then it says where the root is as far
  // as the image knows (root=).
  std::string cmdline;
  std::string digest;       // "sha256:HEX" over the image's digest, the reader's and the options
  bool found = true;        // false: it was prepared just now
  bool needs_uefi = false;  // its boot loader is systemd-boot
};

// Throws Error (user) where the image has not what the options ask for.
Prepared prepare(const Image& image, const base::Folders& folders, const PrepareOptions& options,
                 const ApplianceOptions& appliance, const Progress& progress);

}  // namespace lab::image
