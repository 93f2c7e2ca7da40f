// SPDX-License-Identifier: MIT
// From plans to events: chooses the site, gathers everything the job needs (kernel, modules,
// images; built or from the cache), and runs it there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::run {

struct RunOptions {
  std::string site = "auto";  // auto, here, kvm, svm, vmx
  bool verify_tracepoint = false;
  unsigned at_once = 1;   // outer VMs, if machine and trials allow; 0: as many as possible
  double time_scale = 1;  // of the limits around the trials
  std::vector<scenario::Relation> relations;  // to be judged after the run, checked before it
};

// The site that `name` means: for auto the first that works and can run the plans' kernels, which
// `sink` hears of as a phase. Error (user) where the name is none, or the site cannot run them.
const record::Site& site_for(const std::string& name, const std::vector<scenario::TrialPlan>& plans,
                             const trial::Sink& sink);

// Runs all plans, grouped by their kernels. Events: phases of the preparation, then those of the
// trials; a record for each finished trial, in whatever order they finish. No trial begins once
// `stop_early` says so. Error (user) for an unknown site, image or kernel, and before anything is
// booted for what run/checks finds; Error where the machinery fails, once all that can be done
// without it is done (run/lanes).
void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const std::function<bool()>& stop_early,
               const trial::Sink& sink);

// Everything that run_plans makes or fetches before its first trial, the outer VMs' saved states
// included, and nothing else; exact plans are taken once a cell. Events: phases. Errors as of
// run_plans. Returns the folders of the cache that others can take from a shared one: kits,
// modules, images and prepared guests.
std::vector<std::filesystem::path> fill_caches(const std::vector<scenario::TrialPlan>& plans,
                                               const RunOptions& options,
                                               const base::Folders& folders,
                                               const trial::Sink& sink);

}  // namespace lab::run
