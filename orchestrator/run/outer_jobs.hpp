// SPDX-License-Identifier: MIT
// Turns plans into jobs for outer VMs: finds in the cache, or fetches and builds, all that they
// need.
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

// An outer VM with everything that its job's plans need.
struct OuterJob {
  outer::OuterImage image;
  inside::Job job;
  std::filesystem::path kit;  // of its kernel; empty for a kernel tree's
};

// Makes a job for each kernel that the plans name, in the order of first use, and one for each
// exact trial. Makes everything before any of them starts, and while images are prepared the state
// from which the first one starts. `time_scale` is a factor for the limits.
std::vector<OuterJob> make_outer_jobs(const Site& site,
                                      const std::vector<scenario::TrialPlan>& plans,
                                      const base::Folders& folders, double time_scale,
                                      const trial::Sink& sink);

// Makes what those jobs consist of, but for what the outer VM's emulator has a part in, and for the
// preparation of the images, beside which that is made.
void make_parts(const Site& site, const std::vector<scenario::TrialPlan>& plans,
                const base::Folders& folders, const trial::Sink& sink);

// Makes a job with this kernel ("": the default one), whatever the plans name, if there are any.
OuterJob make_outer_job(const Site& site, const std::string& kernel,
                        const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders,
                        const trial::Sink& sink);

// Returns whether an exact trial continues in the outer VM of these plans, in the state that they
// leave. That is so only right after the warm-ups of its own cell.
bool continues(const std::vector<scenario::TrialPlan>& plans, const scenario::TrialPlan& next);

// Returns whether `kernel` selects the release: by its full name, its series, or no name at all.
bool means_release(const std::string& kernel, const std::string& release);

}  // namespace lab::run
