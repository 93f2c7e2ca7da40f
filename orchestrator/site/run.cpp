// SPDX-License-Identifier: MIT
#include "orchestrator/site/run.hpp"

#include <spdlog/spdlog.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <regex>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/site/capabilities.hpp"
#include "orchestrator/site/checks.hpp"
#include "orchestrator/site/here.hpp"
#include "orchestrator/site/lanes.hpp"
#include "orchestrator/site/nested.hpp"
#include "orchestrator/site/probe.hpp"
#include "orchestrator/site/provide.hpp"

namespace lab::site {
namespace {

std::string running_release() {
  utsname system{};
  ::uname(&system);
  return system.release;
}

// The first kernel among the plans' that this machine does not run; "" where it runs them all.
std::string foreign_kernel(const std::vector<scenario::TrialPlan>& plans) {
  for (const scenario::TrialPlan& plan : plans)
    if (!means_release(plan.settings.kernel, running_release())) return plan.settings.kernel;
  return "";
}

const Site& chosen_site(const std::vector<scenario::TrialPlan>& plans, const trial::Sink& sink) {
  const std::string foreign = foreign_kernel(plans);
  Finding here = probe_here();
  const bool ruled_out = here.ok && !foreign.empty();
  if (ruled_out) here.ok = false;
  Choice choice = choose_site({here});
  if (ruled_out)
    choice.reason = "here runs " + running_release() + ", not " + foreign + "; " + choice.reason;
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
          "kvm.kernel '" + foreign + "' is not what runs here: " + running_release(),
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

// What all plans of an outer VM have in common.
struct Kind {
  std::string kernel;  // a name, or a release
  scenario::Processor processor = {};
  bool exact = false;

  auto operator<=>(const Kind&) const = default;
};

Kind kind_of(const scenario::TrialPlan& plan) {
  return {.kernel = plan.settings.kernel,
          .processor = plan.settings.processor,
          .exact = plan.settings.exact};
}

OuterJob outer_job(const Site& site, const Outer& outer, const Kind& kind) {
  OuterJob made{
      .image = outer.image,
      .job = {.site = &site, .modules = outer.modules, .exact = kind.exact && !site.own_clock}};
  made.image.emulator = find_emulator(site);
  made.image.processor = kind.processor;
  return made;
}

// No more of them than there are trials; says so where the machine has room for fewer than wanted.
unsigned lanes_for_jobs(unsigned wanted, const std::vector<OuterJob>& jobs) {
  if (wanted == 1) return 1;
  std::uint64_t largest = 0;
  std::size_t trials = 0;
  for (const OuterJob& outer : jobs) {
    largest = std::max(largest, outer_memory_mib(outer.job));
    trials += outer.job.plans.size();
  }
  const unsigned processors = std::thread::hardware_concurrency();
  const std::uint64_t available = available_memory_mib();
  const unsigned lanes = lanes_for(wanted, processors, available, largest);
  if (lanes < std::min<std::size_t>(wanted, trials))
    spdlog::warn(
        "-j {}: {} at once, for this machine has {} processors and {} MiB available, of "
        "which an outer VM keeps one busy and may take {}",
        wanted, lanes, processors, available, largest);
  return static_cast<unsigned>(std::min<std::size_t>(lanes, trials));
}

void check_before_building(const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders) {
  check_images(plans, folders);
  check_settings(plans);  // libvirt has to answer: known now rather than after minutes of building
}

}  // namespace

bool means_release(const std::string& kernel, const std::string& release) {
  static const std::regex series("([0-9]+\\.[0-9]+).*");
  std::smatch match;
  return kernel.empty() || kernel == release ||
         (std::regex_match(release, match, series) && match[1] == kernel);
}

OuterJob provide_outer_job(const Site& site, const std::string& kernel,
                           const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders, const trial::Sink& sink) {
  check_before_building(plans, folders);
  Kind kind;
  if (!plans.empty()) kind.processor = plans.front().settings.processor;
  OuterJob outer = outer_job(site, provide_outer(folders, sink, kernel), kind);
  check_parameters(plans, outer.job.modules, vendor_of(site));
  outer.job.images = provide_images(plans, folders, sink);
  outer.job.plans = plans;
  return outer;
}

std::vector<OuterJob> provide_outer_jobs(const Site& site,
                                         const std::vector<scenario::TrialPlan>& plans,
                                         const base::Folders& folders, const trial::Sink& sink) {
  check_before_building(plans, folders);
  std::vector<OuterJob> jobs;
  std::map<Kind, std::size_t> by_release, by_name;  // two names may mean one release
  for (const scenario::TrialPlan& plan : plans) {
    const Kind kind = kind_of(plan);
    if (!by_name.contains(kind)) {
      const Outer outer = provide_outer(folders, sink, kind.kernel);
      Kind of_release = kind;
      of_release.kernel = outer.release;
      by_name[kind] = by_release.emplace(of_release, jobs.size()).first->second;
      if (by_name[kind] == jobs.size()) jobs.push_back(outer_job(site, outer, kind));
    }
    const std::size_t first = by_name[kind];
    if (kind.exact && !jobs[first].job.plans.empty()) {
      // What a trial leaves in its outer VM would be where the next one begins.
      OuterJob another = jobs[first];
      another.job.plans = {plan};
      jobs.push_back(std::move(another));
    } else {
      jobs[first].job.plans.push_back(plan);
    }
  }
  // All modules' own parameters are known before the first image is prepared.
  for (const OuterJob& outer : jobs)
    check_parameters(outer.job.plans, outer.job.modules, vendor_of(site));
  for (OuterJob& outer : jobs) {
    outer.job.images = provide_images(outer.job.plans, folders, sink);
    check_steps(outer.job.plans, outer.job.images);
  }
  return jobs;
}

void run_plans(const std::vector<scenario::TrialPlan>& plans, const RunOptions& options,
               const base::Folders& folders, const std::function<bool()>& stop_early,
               const trial::Sink& sink) {
  check_images(plans, folders);
  if (::geteuid() != 0)
    throw base::user_error("lab builds images and swaps modules, which takes root",
                           "sudo ci/lab run …");
  const Site& site = resolve(options.site, plans, sink);
  check_exact(plans, site);
  check_paging(plans, site);
  check_bochs(plans, site);
  check_reasons(plans, vendor_of(site));
  check_reasons(options.relations, vendor_of(site));
  const bool here = site.machine == Site::Machine::here;
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
    if (!here) outer.job.capabilities = kept_capabilities(folders, outer.image, outer.job);
  }
  const unsigned lanes = here ? 1 : lanes_for_jobs(options.at_once, jobs);
  Lanes(
      share_out(std::move(jobs), lanes),
      [&](const OuterJob& outer, const trial::Sink& lane_sink) {
        if (here) return run_here(outer.job, folders, lane_sink);
        const base::RunFolder run(folders);
        run_nested(outer.image, outer.job, folders, run, lane_sink);
      },
      stop_early, sink)
      .run(lanes);
}

}  // namespace lab::site
