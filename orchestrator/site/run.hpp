// SPDX-License-Identifier: MIT
// From plans to events: chooses the site, gathers everything the job needs (kernel, modules,
// images; built or from the cache), and runs it there.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/base/folders.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::site {

struct RunOptions {
  std::string site = "auto";  // auto, here, kvm, svm
  bool verify_tracepoint = false;
  double time_scale = 1;  // of the limits around the trials
};

// Runs all plans. Events: phases of the preparation, then those of the trials; a record for each
// finished trial. Error (user) for an unknown site or image; Error where the machinery fails.
void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const trial::Sink& sink);

// The outer VM's job of these plans (which may be none), with everything it needs provided.
struct OuterJob {
  OuterImage image;
  Job job;
};
OuterJob provide_outer_job(const std::string& site, const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink);

}  // namespace lab::site
