// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/scenario_file.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/text/nearest.hpp"
#include "orchestrator/base/text/pattern.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string scenario_file(const std::string& word) {
  std::error_code none;
  if (fs::exists(word, none)) return word;
  const fs::path folder = base::find_folders().share / "scenarios";
  const std::string name = word.ends_with(".yaml") ? word.substr(0, word.size() - 5) : word;
  const std::vector<std::string> names = names_in(folder);
  if (std::ranges::find(names, name) != names.end()) return folder / (name + ".yaml");
  const std::string last = fs::path(name).filename();
  throw base::user_error(
      "no scenario '" + word + "': no such file, and '" + folder.string() +
          "' has none of that name" +
          base::did_you_mean(last, std::vector<std::string_view>(names.begin(), names.end())),
      "name a file, or one that comes with lab: ls " + folder.string());
}

scenario::Wanted trials_named(const std::string& filter) {
  if (filter.empty()) return {};
  std::optional<base::Pattern> pattern;
  try {
    pattern.emplace(filter);
  } catch (const base::Error&) {
    // The filter is no regex, so it is only a name.
  }
  return [filter, pattern](const std::string& name) {
    return name == filter || (pattern && pattern->find(name) != std::string::npos);
  };
}

}  // namespace lab::cli
