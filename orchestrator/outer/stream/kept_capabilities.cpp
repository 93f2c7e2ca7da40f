// SPDX-License-Identifier: MIT
#include "orchestrator/outer/stream/kept_capabilities.hpp"

#include <algorithm>
#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/inside/machine/capabilities.hpp"

namespace lab::outer {
namespace fs = std::filesystem;
namespace {

// Returns whether the name is the SHA-256 of the emulator's path, and ".xml".
bool is_proper(const std::string& name) {
  return name.size() == 68 && name.ends_with(".xml") &&
         std::all_of(name.begin(), name.end() - 4,
                     [](char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f'); });
}

}  // namespace

fs::path kept_capabilities(const base::Folders& folders, const OuterImage& image,
                           const inside::Job& job) {
  if (inside::has_own_clock(job)) return {};
  const std::size_t colon = image.digest.find(':');
  return folders.cache / "capabilities" /
         (std::string(job.site->name) + "-" + image.digest.substr(colon + 1, 16));
}

void keep_capabilities(const fs::path& folder, const trial::Capabilities& came) {
  if (!is_proper(came.file) || came.text.size() >= inside::most_capabilities_bytes) return;
  fs::create_directories(folder);
  base::write_file(folder / came.file, came.text);
}

}  // namespace lab::outer
