// SPDX-License-Identifier: MIT
#include "orchestrator/image/fstab.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace lab::image {
namespace {

// /boot/efi is none of them: guests boot by a BIOS.
constexpr std::array<std::string_view, 7> folders{
    "/boot", "/etc", "/usr", "/usr/local", "/usr/local/sbin", "/var", "/var/lib"};

std::string subvolume_in(const std::string& options) {
  std::istringstream words(options);
  for (std::string word; std::getline(words, word, ',');)
    if (word.starts_with("subvol=")) return word;
  return "";
}

}  // namespace

std::vector<Mount> read_fstab(const std::string& text) {
  std::vector<Mount> mounts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string device, folder, type, options;
    if (!(fields >> device >> folder >> type) || device.starts_with("#")) continue;
    fields >> options;
    if (std::ranges::find(folders, folder) == folders.end() || type == "tmpfs") continue;
    mounts.push_back({device, folder, subvolume_in(options)});
  }
  std::ranges::stable_sort(mounts, {}, [](const Mount& mount) { return mount.folder.size(); });
  return mounts;
}

}  // namespace lab::image
