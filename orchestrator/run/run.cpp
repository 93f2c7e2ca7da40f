// SPDX-License-Identifier: MIT
#include "orchestrator/run/run.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/image/store.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/emulator.hpp"
#include "orchestrator/outer/run_job.hpp"
#include "orchestrator/record/counts.hpp"
#include "orchestrator/run/artifacts/artifacts.hpp"
#include "orchestrator/run/artifacts/missing.hpp"
#include "orchestrator/run/checks.hpp"
#include "orchestrator/run/doctor/probe.hpp"
#include "orchestrator/run/lanes.hpp"
#include "orchestrator/run/outer_jobs.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

// Returns the first kernel in the plans that this machine does not run; "" if it runs them all.
std::string foreign_kernel(const std::vector<scenario::TrialPlan>& plans) {
  for (const scenario::TrialPlan& plan : plans)
    if (!means_release(plan.settings.kernel, base::running_kernel())) return plan.settings.kernel;
  return "";
}

const Site& chosen_site(const std::vector<scenario::TrialPlan>& plans, const trial::Sink& sink) {
  const std::string foreign = foreign_kernel(plans);
  Finding here = probe_here(base::find_folders().cache);
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

OuterJob make_job_here(const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders,
                       const trial::Sink& sink) {
  check_makeable(record::site_here, {base::running_kernel()}, plans, folders);
  check_settings(plans);
  const auto [kit, modules] = find_or_make_modules(folders, sink);
  OuterJob made{.job = {.modules = modules, .plans = plans}, .kit = kit};
  check_parameters(plans, made.job.modules, site_vendor(*made.job.site));
  made.job.images =
      prepare_images(find_or_make_images(plans, folders, sink, kit), plans, folders, sink, kit);
  check_steps(plans, made.job.images);
  return made;
}

// Checks the plans, then makes the jobs with all that their outer VMs and guests consist of.
std::vector<OuterJob> make_jobs(const std::vector<scenario::TrialPlan>& asked,
                                const RunOptions& options, const base::Folders& folders,
                                const trial::Sink& sink) {
  check_images(asked, folders);
  const Site& site = site_for(options.site, asked, sink);
  const bool here = site.machine == Site::Machine::here;
  if (here && ::geteuid() != 0)
    throw base::user_error("site here swaps this machine's modules, which takes root",
                           "sudo lab run …, or --on svm");
  wait_for_emulator(site, asked, folders, sink);
  const std::vector<scenario::TrialPlan> plans = decide_exact(asked, site);
  check_exact(plans, site);
  check_paging(plans, site);
  check_machines(plans, site);
  check_reasons(plans, site_vendor(site));
  check_reasons(options.relations, site_vendor(site));
  if (here && options.at_once > 1)
    throw base::user_error("-j: on site here all trials share this machine's modules",
                           "-j 1, or --on svm");
  if (here) return {make_job_here(plans, folders, sink)};
  return make_outer_jobs(site, plans, folders, options.time_scale, sink);
}

bool is_here(const OuterJob& outer) {
  return outer.job.site->machine == Site::Machine::here;
}

// Returns the first plan of each cell: the others need nothing else.
std::vector<scenario::TrialPlan> first_of_cells(const std::vector<scenario::TrialPlan>& plans) {
  std::vector<scenario::TrialPlan> first;
  std::set<std::pair<std::string, std::string>> seen;
  for (const scenario::TrialPlan& plan : plans)
    if (!plan.warmup && seen.emplace(plan.scenario, record::cell_name(plan.name)).second)
      first.push_back(plan);
  return first;
}

// Returns the folders of the cache that contain a job's parts.
std::set<fs::path> cache_folders(const OuterJob& outer, const base::Folders& folders) {
  std::set<fs::path> found{outer.kit, outer.job.modules, outer.image.disk.parent_path()};
  for (const auto& [key, image] : outer.job.images)
    for (const fs::path& file : {image.disk, image.kernel, image.initrd})
      found.insert(file.parent_path());
  const image::ImageCache images(folders);
  for (const scenario::TrialPlan& plan : outer.job.plans) {
    const std::string& name = plan.settings.image;
    if (image::is_file_path(name)) continue;
    if (const auto image = images.find(name, outer.kit)) found.insert(image->folder);
  }
  return found;
}

bool can_be_shared(const fs::path& folder, const base::Folders& folders) {
  const fs::path kind = folder.parent_path();
  return kind.parent_path() == folders.cache &&
         (kind.filename() == "kernels" || kind.filename() == "modules" ||
          kind.filename() == "images" || kind.filename() == "prepared");
}

}  // namespace

std::vector<fs::path> fill_caches(const std::vector<scenario::TrialPlan>& plans,
                                  const RunOptions& options, const base::Folders& folders,
                                  const trial::Sink& sink) {
  std::set<fs::path> all;
  for (OuterJob& outer : make_jobs(first_of_cells(plans), options, folders, sink)) {
    all.merge(cache_folders(outer, folders));
    if (is_here(outer)) continue;
    const base::RunFolder run(folders);
    outer::make_saved_state(outer.image, outer.job, folders, run, sink);
  }
  std::erase_if(all, [&](const fs::path& folder) { return !can_be_shared(folder, folders); });
  return {all.begin(), all.end()};
}

const Site& site_for(const std::string& name, const std::vector<scenario::TrialPlan>& plans,
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

record::Conditions conditions_before(const Site& site, bool exact) {
  if (site.machine == Site::Machine::here)
    return {{std::string(record::condition::host), base::this_host()}};
  outer::OuterImage image;
  image.emulator = outer::find_emulator(site);
  record::Conditions conditions =
      outer::outside_conditions(image, {.site = &site, .exact = exact && !site.own_clock});
  conditions.erase(std::string(record::condition::lab_version));  // each build has another
  return conditions;
}

void wait_for_emulator(const Site& site, const std::vector<scenario::TrialPlan>& plans,
                       const base::Folders& folders, const trial::Sink& sink) {
  const outer::EmulatorKind* kind = outer::emulator_kind(site);
  if (kind == nullptr || !outer::is_being_built(*kind)) return;
  check_reasons(plans, site_vendor(site));
  make_parts(site, first_of_cells(plans), folders, sink);
  sink(trial::other_phase(fmt::format("waiting for lab's {}, which is being built", kind->title)));
  while (outer::is_being_built(*kind)) base::sleep_interruptibly(0.2);
  if (!outer::find_emulator(*kind))
    spdlog::warn("lab's {} was not built: see {}/{}.log", kind->title, outer::emulators_folder,
                 kind->name);
}

void run_plans(const std::vector<scenario::TrialPlan>& asked, const RunOptions& options,
               const base::Folders& folders, const std::function<bool()>& stop_early,
               const trial::Sink& sink) {
  std::vector<OuterJob> jobs = make_jobs(asked, options, folders, sink);
  const bool here = !jobs.empty() && is_here(jobs.front());
  for (OuterJob& outer : jobs) outer.job.verify_tracepoint = options.verify_tracepoint;
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
