// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/obtainable.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/shared_cache.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/base/text/pattern.hpp"
#include "orchestrator/kvm/kits/kit.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// fetch-kit reads lists anew that are older, and forgets then which files were missing.
constexpr auto lists_age = std::chrono::hours(24);

// Returns the version of the cache's kit of this release; nullopt where it has none.
std::optional<std::string> version_in(const fs::path& cache, const std::string& release) {
  for (const KernelKit& kit : list_kits(cache))
    if (kit.release == release) return kit.version;
  return std::nullopt;
}

std::optional<std::string> shared_version(const std::string& release) {
  try {
    const auto shared = base::shared_cache();
    return shared ? version_in(*shared, release) : std::nullopt;
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    return std::nullopt;  // a damaged shared cache is not taken
  }
}

// Checks whether one of lab's files CACHE/apt/SUITE/`name`, as fetch-kit writes them ("RELEASE
// VERSION ..." in each line), names the kernel.
bool is_in_lists(const fs::path& cache, const char* name, const std::string& release,
                 const std::string& version) {
  std::error_code none;
  for (const auto& suite : fs::directory_iterator(cache / "apt", none)) {
    const fs::path file = suite.path() / name;
    const auto written = fs::last_write_time(file, none);
    if (none || written < fs::file_time_type::clock::now() - lists_age) continue;
    const std::string text = base::read_file(file);
    for (const std::string_view line : base::split_lines(text))
      if ((std::string(line) + " ").starts_with(release + " " + version + " ")) return true;
  }
  return false;
}

// Checks a line of `apt-cache madison`: "NAME | VERSION | URI SUITE/COMPONENT ARCH Packages".
// fetch-kit takes the same suites; it knows no backports.
bool offers(std::string_view line, const std::string& package, const std::string& version) {
  static const base::Pattern suites("(" + machine_suite() +
                                    "|(old)*stable|testing|sid|unstable)(-security)?/main");
  const auto words = base::split_words(line);
  return words.size() == 8 && words[0] == package && words[2] == version &&
         suites.matches(std::string(words[5]));
}

// Returns "" where there is no apt.
std::string ask_apt(const std::vector<std::string>& packages) {
  std::vector<std::string> argv{"apt-cache", "madison"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  try {
    return base::run({.argv = argv, .limit = std::chrono::minutes(1)}).output;
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::interrupted) throw;
    return "";
  }
}

// Asks for mirrors' packages only: that dpkg has one installed does not mean that it can be had.
bool is_known_to_apt(const std::string& release, const std::string& version) {
  const std::vector<std::string> packages{"linux-image-" + release, "linux-headers-" + release,
                                          "linux-source-" + parse_series(release)};
  const std::string answer = ask_apt(packages);
  const auto lines = base::split_lines(answer);
  return std::ranges::all_of(packages, [&](const std::string& package) {
    return std::ranges::any_of(
        lines, [&](std::string_view line) { return offers(line, package, version); });
  });
}

std::string known_version(const fs::path& cache, const std::string& release) {
  if (const auto version = version_in(cache, release)) return *version;
  return shared_version(release).value_or("");
}

}  // namespace

std::string why_no_kit(const fs::path& cache, const std::string& release,
                       const std::string& version) {
  const std::string kernel = "kernel " + release + " (" + version + ")";
  const std::string in_cache = known_version(cache, release);
  if (in_cache == version) return "";
  if (!in_cache.empty())
    return "the cache's kernel " + release + " is " + in_cache + ", and " + version + " runs here";
  if (is_in_lists(cache, "gone", release, version))
    return "the mirror does not have all files of " + kernel;
  if (is_in_lists(cache, "kernels", release, version) || is_known_to_apt(release, version))
    return "";
  return "neither lab's cache nor apt has image, headers and source of " + kernel;
}

}  // namespace lab::kvm
