// SPDX-License-Identifier: MIT
// What an outer VM and its trials are made of: found in the cache, or fetched and built.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::run {

struct OuterArtifacts {
  outer::OuterImage image;
  std::string release;            // of its kernel
  std::string kvm_source;         // kvm::KernelKit's: "" of Debian's kernels
  std::filesystem::path kit;      // its kernel's headers and source
  std::filesystem::path modules;  // patched, for its kernel
};

// The outer VM's image with this kernel (a selector of kvm::find_or_fetch_kit; "": the default
// one), and that kernel's patched modules.
OuterArtifacts find_or_make_outer(const base::Folders& folders, const trial::Sink& sink,
                                  const std::string& kernel = "");

// The kit and the patched modules of the kernel that runs here.
struct KernelArtifacts {
  std::filesystem::path kit;
  std::filesystem::path modules;
};
KernelArtifacts find_or_make_modules(const base::Folders& folders, const trial::Sink& sink);

// The default kernel's kit.
std::filesystem::path find_or_fetch_default_kit(const base::Folders& folders,
                                                const trial::Sink& sink);

using Images = std::map<std::string, image::Image>;  // by what the plans call them

// The images of the plans; `kit` is for recipes that build a kernel in. This takes longest where
// they are missing, and may run beside anything else.
Images find_or_make_images(const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink,
                           const std::filesystem::path& kit);

// Those images prepared for the plans, by image_key. They are the same whatever kernel the outer VM
// has: `kit` only runs the appliance that prepares them.
std::map<std::string, trial::GuestImage> prepare_images(
    const Images& images, const std::vector<scenario::TrialPlan>& plans,
    const base::Folders& folders, const trial::Sink& sink, const std::filesystem::path& kit);

// Error (user) where a plan names an image that the manifest does not know, or a kernel, an
// initrd, an emulator or a firmware that is none. Quick: asked before anything is fetched or built.
void check_images(const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders);

}  // namespace lab::run
