// SPDX-License-Identifier: MIT
#include "orchestrator/site/run.hpp"

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/site/here.hpp"
#include "orchestrator/site/nested.hpp"
#include "orchestrator/site/probe.hpp"
#include "orchestrator/site/provide.hpp"

namespace lab::site {
namespace {

using trial::Event;

std::string resolve(const std::string& site, const trial::Sink& sink) {
  if (site == "here" || site == "kvm" || site == "svm") return site;
  if (site != "auto")
    throw base::user_error("--on '" + site + "': one of auto, here, kvm, svm", "lab doctor");
  const Choice choice = choose_site();
  if (choice.site.empty())
    throw base::infrastructure_error("no site works here: " + choice.reason, "lab doctor");
  sink({.kind = Event::Kind::phase, .text = "site " + choice.site + " (" + choice.reason + ")"});
  return choice.site;
}

void run_in_outer_vm(Job job, const base::Folders& folders, const trial::Sink& sink) {
  const Outer outer = provide_outer(folders, sink);
  job.modules = outer.modules;
  job.images = provide_images(job.plans, outer.kit, folders, sink);
  job.emulated = job.site == "svm";
  const base::RunFolder run(folders);
  run_nested(job.emulated ? OuterKind::svm : OuterKind::kvm, outer.image, job, run, sink);
}

void run_on_this_machine(Job job, const base::Folders& folders, const trial::Sink& sink) {
  const Inside inside = provide_inside(folders, sink);
  job.modules = inside.modules;
  job.images = provide_images(job.plans, inside.kit, folders, sink);
  run_here(job, folders, sink);
}

}  // namespace

void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const trial::Sink& sink) {
  check_images(plans, folders);
  Job job{.site = resolve(options.site, sink),
          .verify_tracepoint = options.verify_tracepoint,
          .plans = plans};
  if (job.site == "here")
    run_on_this_machine(std::move(job), folders, sink);
  else
    run_in_outer_vm(std::move(job), folders, sink);
}

}  // namespace lab::site
