// SPDX-License-Identifier: MIT
#include "orchestrator/run/run.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "orchestrator/base/cgroup.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/base/this_machine.hpp"
#include "orchestrator/inside/run_job.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/outer/kept_capabilities.hpp"
#include "orchestrator/outer/run_job.hpp"
#include "orchestrator/run/checks.hpp"
#include "orchestrator/run/lanes.hpp"
#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/run/probe.hpp"
#include "orchestrator/run/provide.hpp"

namespace lab::run {
namespace {

// The first kernel among the plans' that this machine does not run; "" where it runs them all.
std::string foreign_kernel(const std::vector<scenario::TrialPlan>& plans) {
  for (const scenario::TrialPlan& plan : plans)
    if (!means_release(plan.settings.kernel, base::running_kernel())) return plan.settings.kernel;
  return "";
}

const Site& chosen_site(const std::vector<scenario::TrialPlan>& plans, const trial::Sink& sink) {
  const std::string foreign = foreign_kernel(plans);
  Finding here = probe_here();
  const bool ruled_out = here.ok && !foreign.empty();
  if (ruled_out) here.ok = false;
  Choice choice = choose_site({here});
  if (ruled_out)
    choice.reason =
        "here runs " + base::running_kernel() + ", not " + foreign + "; " + choice.reason;
  if (choice.site == nullptr)
    throw base::infrastructure_error("no site works here: " + choice.reason, "lab doctor");
  sink(trial::other_phase("site " + std::string(choice.site->name), choice.reason));
  return *choice.site;
}

const Site& resolve(const std::string& name, const std::vector<scenario::TrialPlan>& plans,
                    const trial::Sink& sink) {
  const Site* site = name == "auto" ? &chosen_site(plans, sink) : record::find_site(name);
  if (site == nullptr)
    throw base::user_error("--on '" + name + "': one of auto, here, kvm, svm, vmx", "lab doctor");
  if (name == site->name && site->machine == Site::Machine::here) {
    const std::string foreign = foreign_kernel(plans);
    if (!foreign.empty())
      throw base::user_error(
          "kvm.kernel '" + foreign + "' is not what runs here: " + base::running_kernel(),
          "--on svm brings up an outer VM with any kernel");
  }
  return *site;
}

OuterJob provide_this_machine(const std::vector<scenario::TrialPlan>& plans,
                              const base::Folders& folders, const trial::Sink& sink) {
  check_settings(plans);
  const Inside inside = provide_inside(folders, sink);
  OuterJob made{.job = {.modules = inside.modules, .plans = plans}};
  check_parameters(plans, made.job.modules, vendor_of(*made.job.site));
  made.job.images = provide_images(plans, folders, sink, inside.kit);
  check_steps(plans, made.job.images);
  return made;
}

// No more of them than there are trials; says so where the machine has room for fewer than wanted.
unsigned lanes_for_jobs(unsigned wanted, const std::vector<OuterJob>& jobs) {
  if (wanted == 1) return 1;
  std::uint64_t largest = 0;
  std::size_t trials = 0;
  for (const OuterJob& outer : jobs) {
    largest = std::max(largest, outer::outer_memory_mib(outer.job));
    trials += outer.job.plans.size();
  }
  const unsigned processors = base::usable_processors(std::thread::hardware_concurrency());
  const std::uint64_t available = available_memory_mib();
  const unsigned lanes = lanes_for(wanted, processors, available, largest);
  if (lanes < std::min<std::size_t>(wanted, trials))
    spdlog::warn(
        "-j {}: {} at once, for this machine has {} processors and {} MiB available, of "
        "which an outer VM keeps one busy and may take {}",
        wanted, lanes, processors, available, largest);
  return static_cast<unsigned>(std::min<std::size_t>(lanes, trials));
}

}  // namespace

void run_plans(const std::vector<scenario::TrialPlan>& asked, const RunOptions& options,
               const base::Folders& folders, const std::function<bool()>& stop_early,
               const trial::Sink& sink) {
  check_images(asked, folders);
  const Site& site = resolve(options.site, asked, sink);
  const bool here = site.machine == Site::Machine::here;
  if (here && ::geteuid() != 0)
    throw base::user_error("site here swaps this machine's modules, which takes root",
                           "sudo lab run …, or --on svm");
  const std::vector<scenario::TrialPlan> plans = decide_exact(asked, site);
  check_exact(plans, site);
  check_paging(plans, site);
  check_machines(plans, site);
  check_reasons(plans, vendor_of(site));
  check_reasons(options.relations, vendor_of(site));
  if (here && options.at_once > 1)
    throw base::user_error("-j: on site here all trials share this machine's modules",
                           "-j 1, or --on svm");
  std::vector<OuterJob> jobs;
  if (here)
    jobs.push_back(provide_this_machine(plans, folders, sink));
  else
    jobs = provide_outer_jobs(site, plans, folders, sink);
  for (OuterJob& outer : jobs) {
    outer.job.verify_tracepoint = options.verify_tracepoint;
    outer.job.time_scale = options.time_scale;
    if (!here) outer.job.capabilities = outer::kept_capabilities(folders, outer.image, outer.job);
  }
  const unsigned lanes = here ? 1 : lanes_for_jobs(options.at_once, jobs);
  Lanes(
      share_out(std::move(jobs), lanes),
      [&](const OuterJob& outer, const trial::Sink& lane_sink) {
        if (here) return inside::run_job(outer.job, folders, lane_sink);
        const base::RunFolder run(folders);
        outer::run_job(outer.image, outer.job, folders, run, lane_sink);
      },
      stop_early, sink)
      .run(lanes);
}

}  // namespace lab::run
