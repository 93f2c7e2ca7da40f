// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/fstab.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <sstream>
#include <string_view>

namespace lab::image {
namespace {

constexpr std::array<std::string_view, 7> folders{
    "/boot", "/etc", "/usr", "/usr/local", "/usr/local/sbin", "/var", "/var/lib"};
constexpr std::array<std::string_view, 2> efi_folders{"/boot/efi", "/efi"};

std::string subvolume_in(const std::string& options) {
  std::istringstream words(options);
  for (std::string word; std::getline(words, word, ',');)
    if (word.starts_with("subvol=")) return word;
  return "";
}

std::vector<Mount> read_mounts(const std::string& text, std::span<const std::string_view> points) {
  std::vector<Mount> mounts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string device, folder, type, options;
    if (!(fields >> device >> folder >> type) || device.starts_with("#")) continue;
    fields >> options;
    if (std::ranges::find(points, folder) == points.end() || type == "tmpfs") continue;
    mounts.push_back({device, folder, subvolume_in(options)});
  }
  std::ranges::stable_sort(mounts, {}, [](const Mount& mount) { return mount.folder.size(); });
  return mounts;
}

}  // namespace

std::vector<Mount> read_fstab(const std::string& text) {
  return read_mounts(text, folders);
}

std::vector<Mount> efi_partition_in(const std::string& text) {
  return read_mounts(text, efi_folders);
}

}  // namespace lab::image
