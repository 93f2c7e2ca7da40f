// SPDX-License-Identifier: MIT
#include "orchestrator/image/overlay.hpp"

#include "orchestrator/base/subprocess.hpp"

namespace lab::image {

void create_overlay(const std::filesystem::path& backing, const std::string& backing_format,
                    const std::filesystem::path& overlay) {
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format, "-b",
                              backing.string(), overlay.string()}});
}

void create_empty_disk(const std::filesystem::path& disk, std::uint64_t bytes) {
  base::run_checked(
      {.argv = {"qemu-img", "create", "-q", "-f", "qcow2", disk.string(), std::to_string(bytes)}});
}

}  // namespace lab::image
