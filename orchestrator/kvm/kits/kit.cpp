// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/kit.hpp"

#include <spdlog/spdlog.h>
#include <string.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/shared_cache.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/machine/foreign_system.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/base/text/pattern.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// Ranks suites by age, the machine's own before all. Others (a later suite's machine) come last.
int rank(const std::string& suite) {
  static const std::string own = machine_suite();
  if (suite == own) return -1;
  return static_cast<int>(std::ranges::find(suites_by_age, suite) - std::begin(suites_by_age));
}

template <typename Kernel>
bool is_cloud(const Kernel& kit) {
  return kit.release.find("-cloud-") != std::string::npos;
}

// Checks for a backport from a later suite, beside the suite's own kernel: "6.12.117-1~deb12u1".
template <typename Kernel>
bool is_backport(const Kernel& kit) {
  return kit.version.find('~') != std::string::npos;
}

// Compares numbers within a release as numbers: 6.1.0-9 is older than 6.1.0-56.
template <typename Kernel>
bool comes_before(const Kernel& a, const Kernel& b) {
  if (rank(a.suite) != rank(b.suite)) return rank(a.suite) < rank(b.suite);
  if (is_backport(a) != is_backport(b)) return is_backport(b);
  if (is_cloud(a) != is_cloud(b)) return is_cloud(b);
  return ::strverscmp(a.release.c_str(), b.release.c_str()) > 0;
}

void check_selector(const std::string& selector) {
  static const base::Pattern form("[A-Za-z0-9][A-Za-z0-9.+~-]{0,63}");
  if (!form.matches(selector))
    throw base::user_error("'" + selector + "' is no kernel",
                           "take a release (6.1.0-56-amd64), a series (6.12), a suite (trixie) or "
                           "\"newest\"; lab kvm list --available shows what can be had");
}

bool is_series(const std::string& selector) {
  static const base::Pattern form("[0-9]+\\.[0-9]+");
  return form.matches(selector);
}

bool is_meant(const KernelKit& kit, const std::optional<std::string>& selector) {
  if (!selector) return kit.suite == outer_suite && !is_backport(kit) && !is_cloud(kit);
  return kit.release == *selector ||
         (is_series(*selector) && parse_series(kit.release) == *selector && !is_cloud(kit));
}

std::optional<KernelKit> kit_in(const fs::path& cache, const std::optional<std::string>& selector) {
  for (const KernelKit& kit : list_kits(cache))
    if (is_meant(kit, selector)) return kit;
  return std::nullopt;
}

// Copies the kit that a shared cache has.
std::optional<KernelKit> take_shared_kit(const fs::path& cache,
                                         const std::optional<std::string>& selector) {
  const auto shared = base::shared_cache();
  if (!shared) return std::nullopt;
  try {
    for (const KernelKit& kit : list_kits(*shared)) {
      const fs::path local = cache / "kernels" / kit.path.filename();
      if (is_meant(kit, selector) && base::take_shared(local)) return open_kit(local);
    }
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    spdlog::warn("the shared cache's kernels are not taken: {}", error.what());
  }
  return std::nullopt;
}

bool is_deb(const fs::path& file) {
  return file.extension() == ".deb";
}

// A tree may also contain packages that were made from it.
bool has_packages(const fs::path& folder) {
  std::error_code none;
  const fs::directory_iterator files(folder, none);
  return !fs::exists(folder / "Makefile") &&
         std::any_of(begin(files), end(files), [](const auto& file) { return is_deb(file); });
}

// A kit that build-kit made has links to the files of another, whose kernel it shares.
bool remove_damaged_kit(const fs::path& kit) {
  std::error_code none;
  const fs::path whose = fs::canonical(kit / "boot", none).parent_path();
  const bool removed = !none && whose != fs::canonical(kit) && base::remove_damaged(whose);
  return base::remove_damaged(kit) || removed;
}

KernelKit make_own_kit(const fs::path& cache, const fs::path& patch_folder, const std::string& path,
                       const Progress& progress) {
  if (is_deb(path) && !fs::is_directory(path))
    throw base::user_error("'" + path + "' is one package of a kernel",
                           "name the folder that has all of them: lab help yours");
  const char* script = has_packages(path) ? "deb-kit" : "build-kit";
  const auto make = [&] {
    return open_kit(last_line(run_script({patch_folder / script, path, cache.string()}, progress)));
  };
  const KernelKit kit = make();
  return remove_damaged_kit(kit.path) ? make() : kit;
}

}  // namespace

std::string parse_series(const std::string& release) {
  static const base::Pattern form("([0-9]+\\.[0-9]+)([^0-9].*)?");
  const std::vector<std::string> groups = form.groups(release);
  return groups.empty() ? "" : groups[1];
}

std::string machine_suite() {
  return base::read_line("/etc/os-release", "VERSION_CODENAME=");
}

KernelKit open_kit(const fs::path& path) {
  try {
    const auto info = base::parse_json(base::read_file(path / "info.json"));
    return {base::field<std::string>(info, "release"),
            base::field<std::string>(info, "version"),
            path,
            base::field<std::string>(info, "suite"),
            info.value("compiler", ""),
            fs::exists(path / "kvm") ? last_line(base::read_file(path / "kvm")) : ""};
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
  std::ranges::sort(kits, comes_before<KernelKit>);
  return kits;
}

KernelKit find_or_fetch_kit(const fs::path& cache, const fs::path& patch_folder,
                            std::optional<std::string> selector, const Progress& progress) {
  if (selector && selector->starts_with("/"))
    return make_own_kit(cache, patch_folder, *selector, progress);
  if (selector) check_selector(*selector);
  if (const auto kit = kit_in(cache, selector)) {
    if (!base::remove_damaged(kit->path)) return *kit;
    selector = kit->release;
  }
  if (const auto kit = take_shared_kit(cache, selector)) return *kit;
  const base::Fd held = base::lock_folder(cache / "kernels");
  if (const auto kit = kit_in(cache, selector)) return *kit;  // another lab was quicker
  base::need_debian("the kit of kernel " + selector.value_or(outer_suite));
  const std::string output = run_script(
      {patch_folder / "fetch-kit", selector.value_or(outer_suite), cache.string()}, progress);
  return open_kit(last_line(output));
}

std::optional<KernelKit> find_kit(const fs::path& cache,
                                  const std::optional<std::string>& selector) {
  if (selector && selector->starts_with("/")) return std::nullopt;
  if (const auto kit = kit_in(cache, selector)) return kit;
  const auto shared = base::shared_cache();
  return shared ? kit_in(*shared, selector) : std::nullopt;
}

std::vector<AvailableKernel> list_available(const fs::path& cache, const fs::path& patch_folder,
                                            const Progress& progress) {
  base::need_debian("a list of Debian's kernels");
  const std::string output =
      run_script({patch_folder / "fetch-kit", "--list", cache.string()}, progress);
  std::vector<AvailableKernel> kernels;
  for (std::string_view line : base::split_lines(output)) {
    const auto next = [&] { return std::string(base::take_word(line)); };
    kernels.push_back({next(), next(), next(), next(), next() == "default"});
  }
  std::ranges::stable_sort(kernels, comes_before<AvailableKernel>);
  return kernels;
}

}  // namespace lab::kvm
