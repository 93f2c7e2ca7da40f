// SPDX-License-Identifier: MIT
#include "orchestrator/inside/machine/capabilities.hpp"

#include <algorithm>

#include "orchestrator/base/fd.hpp"

namespace lab::inside {
namespace fs = std::filesystem;
namespace {

const fs::path libvirts =
    "/var/cache/libvirt/qemu/capabilities";  // libvirt 9.0, a file an emulator

}  // namespace

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
    if (entry.file_size() > most_capabilities_bytes) continue;
    const fs::path before = kept / entry.path().filename();
    const std::string text = base::read_file(entry.path(), most_capabilities_bytes);
    if (!fs::exists(before) || base::read_file(before, most_capabilities_bytes) != text)
      sink({.what = trial::Capabilities{entry.path().filename().string(), text}});
  }
}

}  // namespace lab::inside
