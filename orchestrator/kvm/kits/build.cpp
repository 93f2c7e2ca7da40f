// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/build.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/shared_cache.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/machine/foreign_system.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// Built, and not damaged. A power cut left what an earlier lab had made named, but empty.
bool are_there(const fs::path& path) {
  if (!fs::exists(path / "build.json") || !base::wrong_size(path).empty()) return false;
  const fs::directory_iterator files(path);
  return std::all_of(begin(files), end(files), [](const auto& file) {
    return !file.is_regular_file() || file.file_size() > 0;
  });
}

std::string folder_name(const KernelKit& kit, const fs::path& patch_folder) {
  const std::string own = kit.kvm_source.empty() ? "" : kit.kvm_source + "-";
  return kit.release + "-" + own + patch_version(patch_folder);
}

// A kernel can be rebuilt under the same release; modules of the old one are of no use then.
bool are_of(const KernelKit& kit, const fs::path& path) {
  return are_there(path) && open_modules(path).version == kit.version;
}

// What is not in the cache is built now by build-modules with these arguments and a path. The
// caller holds the cache's lock where it may be missing. The script renames what it made but does
// not wait for the disk, so it gets another name.
ModuleSet open_or_build(const fs::path& path, std::vector<std::string> argv,
                        const Progress& progress) {
  const bool found = are_there(path);
  if (found) {
    base::mark_used(path / "build.json");
  } else {
    if (fs::exists(path)) base::remove_folder(path);
    const fs::path made =
        path.parent_path() / (base::half_made_prefix + path.filename().string() + ".built");
    argv.push_back(made.string());
    run_script(argv, progress);
    base::record_sizes(made);
    base::put_in_place(made, path);
  }
  ModuleSet modules = open_modules(path);
  modules.built = !found;
  return modules;
}

}  // namespace

std::string patch_version(const fs::path& patch_folder) {
  return last_line(run_script({patch_folder / "build-modules", "--version"}, nullptr));
}

ModuleSet open_modules(const fs::path& path) {
  try {
    const auto build = base::parse_json(base::read_file(path / "build.json"));
    ModuleSet modules{.path = path,
                      .release = base::field<std::string>(build, "release"),
                      .version = base::field<std::string>(build, "version"),
                      .patch = base::field<std::string>(build, "patch"),
                      .source = build.value("source", ""),
                      .compiler = build.value("compiler", ""),
                      .warning = build.value("warning", "")};
    for (const auto& [step, seconds] : base::need(build, "seconds").items())
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
  const fs::path path = cache / "modules" / folder_name(kit, patch_folder);
  base::take_shared(path);
  // What is there waits for nobody: whoever makes others holds the lock for a minute.
  if (are_of(kit, path)) return open_or_build(path, {}, progress);
  const base::Fd held = base::lock_folder(cache / "modules");
  if (are_there(path) && !are_of(kit, path)) base::remove_folder(path);
  if (!kit.suite.empty() && !are_there(path)) base::need_debian("modules of kernel " + kit.release);
  // A root that is being made is another folder of the cache.
  const base::Fd roots_held = base::lock_folder(cache / "buildroots");
  return open_or_build(path, {patch_folder / "build-modules", kit.path.string()}, progress);
}

bool are_built(const KernelKit& kit, const fs::path& patch_folder, const fs::path& cache) {
  const std::string name = folder_name(kit, patch_folder);
  if (are_of(kit, cache / "modules" / name)) return true;
  const auto shared = base::shared_cache();
  return shared && are_of(kit, *shared / "modules" / name);
}

ModuleSet build_modules(const KernelTree& tree, const fs::path& patch_folder, const fs::path& cache,
                        const Progress& progress) {
  const fs::path script = patch_folder / "build-modules";
  const std::string source = tree.source.string(), headers = tree.headers.string();
  const std::string key = last_line(run_script({script, "--key", source, headers}, progress));
  const fs::path path = cache / "modules" / (key + "-" + patch_version(patch_folder));
  const base::Fd held = base::lock_folder(cache / "modules");
  return open_or_build(path, {script, "--source", source, headers}, progress);
}

}  // namespace lab::kvm
