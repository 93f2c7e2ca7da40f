// SPDX-License-Identifier: MIT
#include "orchestrator/image/overlay.hpp"

#include "orchestrator/base/subprocess.hpp"

namespace lab::image {

void create_overlay(const std::filesystem::path& backing, const std::string& backing_format,
                    const std::filesystem::path& overlay) {
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format, "-b",
                              backing.string(), overlay.string()}});
}

}  // namespace lab::image
