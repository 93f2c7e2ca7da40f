// SPDX-License-Identifier: MIT
// Preparing an image for trials: the reader and its service in, the console and the kernel's
// parameters as the scenario wants them. Kept by content: a second call with the same parts injects
// nothing.
#pragma once

#include "orchestrator/image/boot_config.hpp"
#include "orchestrator/image/guestfs.hpp"
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
};

struct Prepared {
  Image::Kind kind = Image::Kind::disk;
  std::filesystem::path disk, kernel, initrd;  // absolute; empty where there is none
  std::string disk_format;
  std::string cmdline;  // with a kernel only
  std::string digest;   // "sha256:HEX" over the image's digest, the reader's and the options
  bool found = true;    // false: it was prepared just now
};

// Throws Error (user) where the image has not what the options ask for.
Prepared prepare(const Image& image, const base::Folders& folders, const PrepareOptions& options,
                 const ApplianceOptions& appliance, const Progress& progress);

}  // namespace lab::image
