// SPDX-License-Identifier: MIT
// Finds in the cache, or fetches and builds, the parts of an outer VM and of its trials.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::run {

struct OuterArtifacts {
  outer::OuterImage image;
  std::string release;            // of its kernel
  std::string kvm_source;         // kvm::KernelKit's: "" for Debian's kernels
  std::filesystem::path kit;      // its kernel's headers and source
  std::filesystem::path modules;  // patched, for its kernel
};

// Returns a sink that passes events on one at a time, where several things are made side by side.
trial::Sink one_at_a_time(const trial::Sink& sink);

// Returns the outer VM's image with this kernel (a selector of kvm::find_or_fetch_kit; "": the
// default one), and that kernel's patched modules.
OuterArtifacts find_or_make_outer(const base::Folders& folders, const trial::Sink& sink,
                                  const std::string& kernel = "");

// Returns the kit and the patched modules of this machine's running kernel.
std::pair<std::filesystem::path, std::filesystem::path> find_or_make_modules(
    const base::Folders& folders, const trial::Sink& sink);

// Returns the default kernel's kit.
std::filesystem::path find_or_fetch_default_kit(const base::Folders& folders,
                                                const trial::Sink& sink);

using Images = std::map<std::string, image::Image>;  // by what the plans call them

// Returns the images of the plans; `kit` is for recipes that build a kernel in. This takes longest
// where images are missing, and may run beside anything else.
Images find_or_make_images(const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink,
                           const std::filesystem::path& kit);

// Prepares those images for the plans, by image_key. They do not depend on the outer VM's kernel:
// `kit` only runs the appliance that prepares them.
std::map<std::string, trial::GuestImage> prepare_images(
    const Images& images, const std::vector<scenario::TrialPlan>& plans,
    const base::Folders& folders, const trial::Sink& sink, const std::filesystem::path& kit);

// Throws a user error where a plan names an image that the manifest does not list, or a kernel,
// initrd, emulator or firmware that is not one. It is quick and runs before any fetch or build.
void check_images(const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders);

}  // namespace lab::run
