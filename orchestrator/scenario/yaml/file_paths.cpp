// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/yaml/file_paths.hpp"

#include <algorithm>
#include <filesystem>

#include "orchestrator/base/machine/home.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace fs = std::filesystem;
namespace {

// Returns the file of "file:line:column", and anything else unchanged.
std::string_view file_part(std::string_view where) {
  std::string_view file = where;
  for (int part = 0; part < 2; ++part) {
    const std::size_t colon = file.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == file.size() ||
        file.find_first_not_of("0123456789", colon + 1) != std::string_view::npos)
      return where;
    file = file.substr(0, colon);
  }
  return file;
}

// Returns the folder to which paths at `where` are relative: the current one for "--set" and the
// like.
fs::path base_folder(const std::string& where) {
  return fs::absolute(fs::path(file_part(where))).parent_path().lexically_normal();
}

}  // namespace

bool is_path(std::string_view text) {
  return text.find('/') != std::string_view::npos;
}

std::string read_path(const Node& value, const std::string& what) {
  const std::string text = read_text(value, what, longest_path);
  if (std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    fail(value.where, what + " must be a path without control characters");
  if (!text.starts_with("~/")) return (base_folder(value.where) / text).lexically_normal().string();
  return (base::home_folder() / text.substr(2)).lexically_normal().string();
}

std::string path_in(const std::string& file, const std::string& text, const std::string& where) {
  const fs::path path = text, from = base_folder(where), to = base_folder(file);
  if (path.is_absolute() || text.starts_with("~/") || from == to) return text;
  const fs::path whole = (from / path).lexically_normal();
  // A scenario and the one that it extends move together; the folder of --set is independent of
  // them.
  if (file_part(where) == where) return whole.string();
  const std::string way = whole.lexically_relative(to).string();
  return way.starts_with(".") ? way : "./" + way;
}

}  // namespace lab::scenario
