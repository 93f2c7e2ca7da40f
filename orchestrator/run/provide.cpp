// SPDX-License-Identifier: MIT
#include "orchestrator/run/provide.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/this_machine.hpp"
#include "orchestrator/image/prepare.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/kvm/build.hpp"
#include "orchestrator/kvm/kit.hpp"
#include "orchestrator/run/probe.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

// Preparation's progress as phases of the stream.
std::function<void(const std::string&)> lines_to(const trial::Sink& sink) {
  return [&sink](const std::string& line) { sink(trial::other_phase(line)); };
}

fs::path patch_folder(const base::Folders& folders) {
  return folders.share / "kvm-patch";
}

image::PrepareOptions prepare_options(const scenario::TrialPlan& plan) {
  image::PrepareOptions options;
  switch (plan.settings.console) {
    case scenario::Console::quiet:
      options.console = image::Console::quiet;
      break;
    case scenario::Console::verbose:
      options.console = image::Console::verbose;
      break;
    case scenario::Console::none:
      options.console = image::Console::none;
      break;
  }
  const scenario::BootUntil starts = inside::reader_starts(plan);
  if (starts == scenario::BootUntil::reader) options.ready_at = image::ReadyAt::early;
  if (starts == scenario::BootUntil::cloud_init) options.ready_at = image::ReadyAt::cloud_init;
  options.cmdline = inside::kernel_additions(plan.settings);
  return options;
}

trial::GuestImage guest_image(const std::string& name, const image::Prepared& prepared) {
  return {.name = name,
          .digest = prepared.digest,
          .disk = prepared.disk,
          .disk_format = prepared.disk_format,
          .kernel = prepared.kernel,
          .initrd = prepared.initrd,
          .cmdline = prepared.cmdline};
}

kvm::KernelKit provide_kit(const std::string& kernel, const base::Folders& folders,
                           const trial::Sink& sink) {
  return kvm::find_or_fetch_kit(folders.cache, patch_folder(folders),
                                kernel.empty() ? std::nullopt : std::optional(kernel),
                                lines_to(sink));
}

}  // namespace

Outer provide_outer(const base::Folders& folders, const trial::Sink& sink,
                    const std::string& kernel) {
  const auto lines = lines_to(sink);
  const kvm::KernelKit kit = provide_kit(kernel, folders, sink);
  image::ImageCache images(folders);
  const image::Image image = images.provide("outer", kit.path, lines);
  const kvm::ModuleSet modules =
      kvm::build_modules(kit, patch_folder(folders), folders.cache, lines);
  return {.image = {.disk = image.disk,
                    .kernel = image.kernel,
                    .initrd = image.initrd,
                    .cmdline = image.cmdline,
                    .digest = image.digest,
                    .boot_cd = image.folder / "boot.iso"},
          .release = kit.release,
          .kit = kit.path,
          .modules = modules.path};
}

Inside provide_inside(const base::Folders& folders, const trial::Sink& sink) {
  const auto lines = lines_to(sink);
  const kvm::KernelKit kit = provide_kit(base::running_kernel(), folders, sink);
  const kvm::ModuleSet modules =
      kvm::build_modules(kit, patch_folder(folders), folders.cache, lines);
  return {.kit = kit.path, .modules = modules.path};
}

std::map<std::string, trial::GuestImage> provide_images(
    const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders,
    const trial::Sink& sink, fs::path kit) {
  if (plans.empty()) return {};
  if (kit.empty()) kit = provide_kit("", folders, sink).path;
  const auto lines = lines_to(sink);
  image::ImageCache images(folders);
  const image::ApplianceOptions appliance{.cache = folders.cache, .kernel_kit = kit};
  std::map<std::string, trial::GuestImage> result;
  for (const scenario::TrialPlan& plan : plans) {
    const std::string key = inside::image_key(plan);
    if (result.count(key) != 0) continue;
    const image::Image image = images.provide(plan.settings.image, kit, lines);
    result[key] = guest_image(
        image.name, image::prepare(image, folders, prepare_options(plan), appliance, lines));
  }
  return result;
}

void check_images(const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders) {
  const image::ImageCache images(folders);
  for (const scenario::TrialPlan& plan : plans) {
    image::find_entry(images.entries(), plan.settings.image);
    if (plan.settings.image == "outer")
      throw base::user_error("image 'outer' is the outer VM's, no guest's", "lab image list");
  }
}

}  // namespace lab::run
