// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/build.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/atomic_folder.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;

std::string patch_version(const fs::path& patch_folder) {
  return last_line(run_script({patch_folder / "build-modules", "--version"}, nullptr));
}

ModuleSet open_modules(const fs::path& path) {
  try {
    const auto build = nlohmann::json::parse(base::read_file(path / "build.json"));
    ModuleSet modules{.path = path,
                      .release = build.at("release").get<std::string>(),
                      .version = build.at("version").get<std::string>(),
                      .patch = build.at("patch").get<std::string>()};
    for (const auto& [step, seconds] : build.at("seconds").items())
      modules.seconds.emplace_back(step, seconds.get<double>());
    return modules;
  } catch (const nlohmann::json::exception& error) {
    throw base::infrastructure_error("read kvm modules '" + path.string() + "': " + error.what(),
                                     "rm -r " + path.string());
  }
}

std::vector<ModuleSet> list_modules(const fs::path& cache) {
  std::vector<ModuleSet> all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(cache / "modules", none))
    if (!entry.path().filename().string().starts_with(".") &&
        fs::exists(entry.path() / "build.json"))
      all.push_back(open_modules(entry.path()));
  std::ranges::sort(all, {}, &ModuleSet::path);
  return all;
}

ModuleSet build_modules(const KernelKit& kit, const fs::path& patch_folder, const fs::path& cache,
                        const Progress& progress) {
  const fs::path path = cache / "modules" / (kit.release + "-" + patch_version(patch_folder));
  const base::Fd held = base::lock_folder(cache / "modules");
  // A kernel can be rebuilt under the same release; modules of the old one are of no use then.
  if (fs::exists(path / "build.json") && open_modules(path).version != kit.version)
    base::remove_folder(path);
  const bool found = fs::exists(path / "build.json");
  if (!found)
    run_script({patch_folder / "build-modules", kit.path.string(), path.string()}, progress);
  ModuleSet modules = open_modules(path);
  modules.built = !found;
  return modules;
}

}  // namespace lab::kvm
