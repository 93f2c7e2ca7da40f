// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kit.hpp"

#include <string.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/atomic_folder.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// Numbers within a release count as numbers: 6.1.0-9 is older than 6.1.0-56.
bool is_newer(const KernelKit& a, const KernelKit& b) {
  return ::strverscmp(a.release.c_str(), b.release.c_str()) > 0;
}

void check_release(const std::string& release) {
  static constexpr const char* allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~-";
  if (release.empty() || release.front() == '.' || release.front() == '-' ||
      release.find_first_not_of(allowed) != std::string::npos)
    throw base::user_error("'" + release + "' is no kernel release",
                           "a release looks like 6.1.0-56-amd64 (uname -r)");
}

}  // namespace

KernelKit open_kit(const fs::path& path) {
  try {
    const auto info = nlohmann::json::parse(base::read_file(path / "info.json"));
    return {info.at("release").get<std::string>(), info.at("version").get<std::string>(), path};
  } catch (const nlohmann::json::exception& error) {
    throw base::infrastructure_error("read kernel kit '" + path.string() + "': " + error.what(),
                                     "rm -r " + path.string());
  }
}

std::vector<KernelKit> list_kits(const fs::path& cache) {
  std::vector<KernelKit> kits;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(cache / "kernels", none))
    if (!entry.path().filename().string().starts_with(".") &&
        fs::exists(entry.path() / "info.json"))
      kits.push_back(open_kit(entry.path()));
  std::ranges::sort(kits, is_newer);
  return kits;
}

KernelKit find_or_fetch_kit(const fs::path& cache, const fs::path& patch_folder,
                            const std::optional<std::string>& release, const Progress& progress) {
  if (release) check_release(*release);
  const auto find = [&]() -> std::optional<KernelKit> {
    for (const KernelKit& kit : list_kits(cache))
      if (!release || kit.release == *release) return kit;
    return std::nullopt;
  };
  if (const auto kit = find()) return *kit;
  const base::Fd held = base::lock_folder(cache / "kernels");
  if (const auto kit = find()) return *kit;  // another lab was quicker
  const std::string output = run_script(
      {patch_folder / "fetch-kit", release.value_or("newest"), cache.string()}, progress);
  return open_kit(last_line(output));
}

}  // namespace lab::kvm
