// SPDX-License-Identifier: MIT
// Plans as jobs for outer VMs: everything that they need is found in the cache, or fetched and
// built.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::run {

using record::Site;

// An outer VM with everything that the plans of its job need.
struct OuterJob {
  outer::OuterImage image;
  inside::Job job;
  std::filesystem::path kit;  // of its kernel; empty of a kernel tree's
};

// One for each kernel that the plans name, in the order in which they come first, and one for each
// exact trial. Everything is made before any of them starts.
std::vector<OuterJob> make_outer_jobs(const Site& site,
                                      const std::vector<scenario::TrialPlan>& plans,
                                      const base::Folders& folders, const trial::Sink& sink);

// One with this kernel ("" for the default one), whatever the plans name (there may be none).
OuterJob make_outer_job(const Site& site, const std::string& kernel,
                        const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders,
                        const trial::Sink& sink);

// Whether an exact trial goes on in the outer VM of these. What they leave in it is where it
// begins, which is right behind the warm-ups of its own cell only.
bool continues(const std::vector<scenario::TrialPlan>& plans, const scenario::TrialPlan& next);

// Whether `kernel` means the release: by its full name, by its series, or by naming none.
bool means_release(const std::string& kernel, const std::string& release);

}  // namespace lab::run
