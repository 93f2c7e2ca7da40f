// SPDX-License-Identifier: MIT
#include "orchestrator/site/run.hpp"

#include <unistd.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/guest/connection.hpp"
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

void run_on_this_machine(Job job, const base::Folders& folders, const trial::Sink& sink) {
  const Inside inside = provide_inside(folders, sink);
  job.modules = inside.modules;
  job.images = provide_images(job.plans, inside.kit, folders, sink);
  run_here(job, folders, sink);
}

}  // namespace

OuterJob provide_outer_job(const std::string& site, const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink) {
  check_images(plans, folders);
  guest::connect(guest::default_uri());  // known now rather than after minutes of building
  const Outer outer = provide_outer(folders, sink);
  return {.image = outer.image,
          .job = {.site = site,
                  .emulated = site == "svm",
                  .modules = outer.modules,
                  .images = provide_images(plans, outer.kit, folders, sink),
                  .plans = plans}};
}

void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const trial::Sink& sink) {
  check_images(plans, folders);
  if (::geteuid() != 0)
    throw base::user_error("lab builds images and swaps modules, which takes root",
                           "sudo ci/lab run …");
  const std::string site = resolve(options.site, sink);
  if (site == "here") {
    run_on_this_machine(
        {.site = site, .verify_tracepoint = options.verify_tracepoint, .plans = plans}, folders,
        sink);
    return;
  }
  OuterJob outer = provide_outer_job(site, plans, folders, sink);
  outer.job.verify_tracepoint = options.verify_tracepoint;
  outer.job.time_scale = options.time_scale;
  const base::RunFolder run(folders);
  run_nested(outer_kind(site), outer.image, outer.job, run, sink);
}

}  // namespace lab::site
