// SPDX-License-Identifier: MIT
// From plans to events: chooses the site, gathers everything the job needs (kernel, modules,
// images; built or from the cache), and runs it there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/base/folders.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::site {

struct RunOptions {
  std::string site = "auto";  // auto, here, kvm, svm, vmx
  bool verify_tracepoint = false;
  unsigned at_once = 1;   // outer VMs, if machine and trials allow; 0: as many as possible
  double time_scale = 1;  // of the limits around the trials
  std::vector<scenario::Relation> relations;  // to be judged after the run, checked before it
};

// Runs all plans, grouped by their kernels. Events: phases of the preparation, then those of the
// trials; a record for each finished trial, in whatever order they finish. No trial begins once
// `stop_early` says so. Error (user) for an unknown site, image or kernel, and before anything is
// booted for what site/checks finds; Error where the machinery fails, once all that can be done
// without it is done (site/lanes).
void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const std::function<bool()>& stop_early,
               const trial::Sink& sink);

// An outer VM with everything that the plans of its job need.
struct OuterJob {
  OuterImage image;
  Job job;
};

// One for each kernel that the plans name, in the order in which they come first, and one for each
// exact trial. Everything is provided before any of them starts.
std::vector<OuterJob> provide_outer_jobs(const Site& site,
                                         const std::vector<scenario::TrialPlan>& plans,
                                         const base::Folders& folders, const trial::Sink& sink);

// One with this kernel ("" for the default one), whatever the plans name (there may be none).
OuterJob provide_outer_job(const Site& site, const std::string& kernel,
                           const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink);

// Whether `kernel` means the release: by its full name, by its series, or by naming none.
bool means_release(const std::string& kernel, const std::string& release);

}  // namespace lab::site
