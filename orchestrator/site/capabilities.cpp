// SPDX-License-Identifier: MIT
#include "orchestrator/site/capabilities.hpp"

#include <algorithm>

#include "orchestrator/base/fd.hpp"

namespace lab::site {
namespace fs = std::filesystem;
namespace {

const fs::path libvirts =
    "/var/cache/libvirt/qemu/capabilities";  // libvirt 9.0, a file an emulator
constexpr std::size_t most_bytes = 1 << 20;

// SHA-256 of the emulator's path, and ".xml".
bool is_proper(const std::string& name) {
  return name.size() == 68 && name.ends_with(".xml") &&
         std::all_of(name.begin(), name.end() - 4,
                     [](char c) { return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f'); });
}

}  // namespace

fs::path kept_capabilities(const base::Folders& folders, const OuterImage& image, const Job& job) {
  if (has_own_clock(job)) return {};
  const std::size_t colon = image.digest.find(':');
  return folders.cache / "capabilities" /
         (std::string(job.site->name) + "-" + image.digest.substr(colon + 1, 16));
}

void give_capabilities(const fs::path& kept) {
  if (!fs::is_directory(kept)) return;
  fs::create_directories(libvirts);
  for (const auto& entry : fs::directory_iterator(kept))
    fs::copy_file(entry.path(), libvirts / entry.path().filename(),
                  fs::copy_options::overwrite_existing);
}

void send_capabilities(const fs::path& kept, const trial::Sink& sink) {
  if (kept.empty() || !fs::is_directory(libvirts)) return;
  for (const auto& entry : fs::directory_iterator(libvirts)) {
    if (entry.file_size() > most_bytes) continue;
    const fs::path before = kept / entry.path().filename();
    const std::string text = base::read_file(entry.path(), most_bytes);
    if (!fs::exists(before) || base::read_file(before, most_bytes) != text)
      sink({.what = trial::Capabilities{entry.path().filename().string(), text}});
  }
}

void keep_capabilities(const fs::path& folder, const trial::Capabilities& came) {
  if (!is_proper(came.file) || came.text.size() >= most_bytes) return;
  fs::create_directories(folder);
  base::write_file(folder / came.file, came.text);
}

}  // namespace lab::site
