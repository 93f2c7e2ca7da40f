// SPDX-License-Identifier: MIT
// Turns plans into events: chooses the site, gets everything that the job needs (kernel, modules,
// images; built or from the cache), and runs it there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::run {

struct RunOptions {
  std::string site = "auto";  // auto, here, kvm, svm, vmx
  bool verify_tracepoint = false;
  unsigned at_once = 1;   // outer VMs, if machine and trials allow; 0: as many as possible
  double time_scale = 1;  // factor for the limits around the trials
  std::vector<scenario::Relation> relations;  // to be judged after the run, checked before it
};

// Returns the site `name`: for auto the first that works and can run the plans' kernels, reported
// to `sink` as a phase. Throws a user error for an unknown site or one that cannot run them.
const record::Site& site_for(const std::string& name, const std::vector<scenario::TrialPlan>& plans,
                             const trial::Sink& sink);

// Where the emulator of the site's outer VMs is being built, as the first command on a machine does
// it, makes what the plans need meanwhile (make_parts), and waits for it. Is called before anything
// asks whether it is there. Warns where it was not built.
void wait_for_emulator(const record::Site& site, const std::vector<scenario::TrialPlan>& plans,
                       const base::Folders& folders, const trial::Sink& sink);

// Runs all plans, grouped by their kernels. Emits phases of the preparation, phases of the trials,
// and a record for each finished trial, in any order. Begins no trial once `stop_early` returns
// true. Throws a user error for an unknown site, image or kernel, and, before anything boots, for
// what run/checks finds. Throws when the machinery fails, after it has done all that it can without
// it (run/lanes).
void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const std::function<bool()>& stop_early,
               const trial::Sink& sink);

// Returns what is known of a trial's conditions there before it runs: the emulator, this machine
// where it is the clock, and its kernel where its KVM runs the outer VM.
record::Conditions conditions_before(const record::Site& site, bool exact);

// Makes or fetches everything that run_plans needs before its first trial, the outer VMs' saved
// states included, and nothing else; takes exact plans once a cell. Emits phases, and throws as
// run_plans does. Returns the folders of the cache that others can take from a shared one: kits,
// modules, images and prepared guests.
std::vector<std::filesystem::path> fill_caches(const std::vector<scenario::TrialPlan>& plans,
                                               const RunOptions& options,
                                               const base::Folders& folders,
                                               const trial::Sink& sink);

}  // namespace lab::run
