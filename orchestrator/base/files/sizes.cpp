// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/sizes.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

// A line is "BYTES NAME". Returns "" where the file has so many bytes.
std::string compare_size(const fs::path& folder, std::string_view line) {
  const std::size_t space = line.find(' ');
  std::uintmax_t wanted = 0;
  const auto number = line.substr(0, space);
  const auto read = std::from_chars(number.data(), number.data() + number.size(), wanted);
  if (space == std::string_view::npos || read.ec != std::errc() ||
      read.ptr != number.data() + number.size())
    return fmt::format("'{}' cannot be read", sizes_name);
  const std::string name(line.substr(space + 1));
  std::error_code none;
  const std::uintmax_t found = fs::file_size(folder / name, none);
  if (none) return fmt::format("'{}' is missing", name);
  return found == wanted ? "" : fmt::format("'{}' has {} bytes, not {}", name, found, wanted);
}

}  // namespace

void record_sizes(const fs::path& folder) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path name = entry.path().lexically_relative(folder);
    if (entry.symlink_status().type() == fs::file_type::regular && name != sizes_name)
      lines.push_back(fmt::format("{} {}\n", entry.file_size(), name.string()));
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  if (!text.empty()) write_file(folder / sizes_name, text);
}

std::string wrong_size(const fs::path& folder) {
  const fs::path file = folder / sizes_name;
  if (!fs::exists(file)) return "";
  const std::string text = read_file(file);
  if (!text.ends_with('\n')) return fmt::format("'{}' is cut off", sizes_name);
  for (const std::string_view line : split_lines(text))
    if (std::string wrong = compare_size(folder, line); !wrong.empty()) return wrong;
  return "";
}

bool remove_damaged(const fs::path& folder) {
  const std::string wrong = wrong_size(folder);
  if (wrong.empty()) return false;
  spdlog::warn("'{}' is damaged and made anew: {}", folder.string(), wrong);
  remove_folder(folder);
  return true;
}

}  // namespace lab::base
