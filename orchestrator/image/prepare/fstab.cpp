// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/fstab.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "orchestrator/base/text.hpp"

namespace lab::image {
namespace {

constexpr std::array<std::string_view, 7> folders{
    "/boot", "/etc", "/usr", "/usr/local", "/usr/local/sbin", "/var", "/var/lib"};
constexpr std::array<std::string_view, 2> efi_folders{"/boot/efi", "/efi"};

std::string subvolume_in(std::string_view options) {
  for (const std::string_view option : base::split(options, ','))
    if (option.starts_with("subvol=")) return std::string(option);
  return "";
}

std::vector<Mount> read_mounts(const std::string& text, std::span<const std::string_view> points) {
  std::vector<Mount> mounts;
  for (std::string_view line : base::split_lines(text)) {
    const std::string_view device = base::take_word(line), folder = base::take_word(line),
                           type = base::take_word(line), options = base::take_word(line);
    if (type.empty() || type == "tmpfs" || device.starts_with("#")) continue;
    if (std::ranges::find(points, folder) == points.end()) continue;
    mounts.push_back({std::string(device), std::string(folder), subvolume_in(options)});
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
