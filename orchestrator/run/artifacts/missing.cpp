// SPDX-License-Identifier: MIT
#include "orchestrator/run/artifacts/missing.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/machine/foreign_system.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/image/manifest.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/kit.hpp"

namespace lab::run {
namespace {

namespace fs = std::filesystem;
using record::Site;

// Returns what an outer VM with this kernel lacks. Its image is a kernel's own, so without the kit
// it has none.
void add_missing_of_kernel(std::vector<MissingPart>& missing, const Site& site,
                           const std::string& kernel, const image::ImageCache& images,
                           const base::Folders& folders) {
  if (kernel.starts_with("/")) return;
  const std::string named = kernel.empty() ? kvm::outer_suite : kernel;
  const auto kit =
      kvm::find_kit(folders.cache, kernel.empty() ? std::nullopt : std::optional(kernel));
  if (!kit) missing.push_back({"the kit of kernel " + named});
  if (site.machine != Site::Machine::here && !(kit && images.is_there("outer", kit->path)))
    missing.push_back({"the outer VM's image with kernel " + (kit ? kit->release : named), true});
  if (!kit || kvm::are_built(*kit, folders.kvm_patch(), folders.cache)) return;
  // Another suite's kernel is compiled in a root of that suite.
  missing.push_back({"modules of kernel " + kit->release,
                     !kit->suite.empty() && kit->suite != kvm::machine_suite()});
}

void add_missing_image(std::vector<MissingPart>& missing, const std::string& name,
                       const image::ImageCache& images) {
  if (image::is_file_path(name) || images.is_there(name, "")) return;
  const image::Entry& entry = image::find_entry(images.entries(), name);
  missing.push_back({"image '" + name + "'", entry.source == image::Entry::Source::recipe});
}

std::string in_words(const std::vector<MissingPart>& parts) {
  std::vector<std::string> words;
  for (const MissingPart& part : parts) words.push_back(part.what);
  return base::joined(words, ", ");
}

}  // namespace

std::vector<MissingPart> find_missing(const Site& site, const std::vector<std::string>& kernels,
                                      const std::vector<scenario::TrialPlan>& plans,
                                      const base::Folders& folders) {
  const image::ImageCache images(folders);
  std::vector<MissingPart> missing;
  for (const std::string& kernel : std::set<std::string>(kernels.begin(), kernels.end()))
    add_missing_of_kernel(missing, site, kernel, images, folders);
  // It runs the appliance that prepares images, whatever kernel the outer VM has.
  const bool prepares = !plans.empty() && site.machine != Site::Machine::here;
  if (prepares && std::ranges::count(kernels, "") == 0 &&
      !kvm::find_kit(folders.cache, std::nullopt))
    missing.push_back({std::string("the kit of kernel ") + kvm::outer_suite});
  std::set<std::string> names;
  for (const scenario::TrialPlan& plan : plans)
    if (names.insert(plan.settings.image).second)
      add_missing_image(missing, plan.settings.image, images);
  return missing;
}

void check_makeable(const std::vector<MissingPart>& missing, const Site& site, bool is_root,
                    const std::string& foreign_system) {
  const bool takes_debian = !foreign_system.empty() && !missing.empty();
  if (takes_debian) throw base::foreign_system_error(foreign_system, in_words(missing));
  std::vector<MissingPart> roots;
  std::ranges::copy_if(missing, std::back_inserter(roots), &MissingPart::takes_root);
  if (is_root || roots.empty()) return;
  throw base::user_error(
      "the cache lacks what takes root to make: " + in_words(roots),
      fmt::format("sudo lab provide SCENARIO --on {}, once: others' labs take it from {}/lab",
                  site.name, base::system_caches));
}

void check_makeable(const Site& site, const std::vector<std::string>& kernels,
                    const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders) {
  const bool is_root = ::geteuid() == 0;
  const std::string foreign_system = base::foreign_system();
  if (is_root && foreign_system.empty()) return;  // looking takes a moment
  check_makeable(find_missing(site, kernels, plans, folders), site, is_root, foreign_system);
}

}  // namespace lab::run
