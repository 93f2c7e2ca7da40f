// SPDX-License-Identifier: MIT
#include "orchestrator/run/outer_jobs.hpp"

#include <map>
#include <optional>

#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/process/beside.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/outer/run_job.hpp"
#include "orchestrator/outer/stream/job_events.hpp"
#include "orchestrator/run/artifacts/artifacts.hpp"
#include "orchestrator/run/artifacts/missing.hpp"
#include "orchestrator/run/checks.hpp"

namespace lab::run {
namespace {

// Describes what all plans of an outer VM have in common.
struct OuterNeeds {
  std::string kernel;  // a name, or a release
  scenario::Processor processor = {};
  bool exact = false;

  auto operator<=>(const OuterNeeds&) const = default;
};

OuterNeeds outer_needs(const scenario::TrialPlan& plan) {
  return {.kernel = plan.settings.kernel,
          .processor = plan.settings.processor,
          .exact = plan.settings.exact == scenario::Exact::always};
}

OuterJob outer_job(const Site& site, const OuterArtifacts& outer, const OuterNeeds& needs) {
  OuterJob made{
      .image = outer.image,
      .job = {.site = &site, .modules = outer.modules, .exact = needs.exact && !site.own_clock},
      .kit = outer.kvm_source.empty() ? outer.kit : std::filesystem::path()};
  made.image.emulator = outer::find_emulator(site);
  made.image.processor = needs.processor;
  return made;
}

void check_before_building(const Site& site, const std::vector<std::string>& kernels,
                           const std::vector<scenario::TrialPlan>& plans,
                           const base::Folders& folders) {
  check_images(plans, folders);
  check_makeable(site, kernels, plans, folders);
  check_settings(plans);  // asks libvirt now rather than after minutes of building
}

std::vector<std::string> kernels_of(const std::vector<scenario::TrialPlan>& plans) {
  std::vector<std::string> kernels;
  for (const scenario::TrialPlan& plan : plans) kernels.push_back(plan.settings.kernel);
  return kernels;
}

// Finds or makes the guests' images while the outer VM's is made.
class ImagesBeside {
 public:
  ImagesBeside(const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders,
               const trial::Sink& sink)
      : folders_(folders), sink_(sink) {
    if (plans.empty()) return;
    kit_ = find_or_fetch_default_kit(folders, sink);
    making_.emplace([this, plans] { images_ = find_or_make_images(plans, folders_, sink_, kit_); });
  }

  void wait() {
    if (making_) making_->wait();
    making_.reset();
  }

  std::map<std::string, trial::GuestImage> prepare(const std::vector<scenario::TrialPlan>& plans) {
    wait();
    return prepare_images(images_, plans, folders_, sink_, kit_);
  }

 private:
  const base::Folders& folders_;
  const trial::Sink& sink_;
  std::filesystem::path kit_;
  Images images_;
  std::optional<base::Beside> making_;  // the last member: it uses the others
};

// Returns the jobs without their images.
std::vector<OuterJob> begin_jobs(const Site& site, const std::vector<scenario::TrialPlan>& plans,
                                 const base::Folders& folders, const trial::Sink& sink) {
  std::vector<OuterJob> jobs;
  std::map<OuterNeeds, std::size_t> by_kit, by_name;  // two names may mean one kernel
  for (const scenario::TrialPlan& plan : plans) {
    const OuterNeeds needs = outer_needs(plan);
    if (!by_name.contains(needs)) {
      const OuterArtifacts outer = find_or_make_outer(folders, sink, needs.kernel);
      OuterNeeds of_kit = needs;
      of_kit.kernel = outer.kit;
      by_name[needs] = by_kit.emplace(of_kit, jobs.size()).first->second;
      if (by_name[needs] == jobs.size()) jobs.push_back(outer_job(site, outer, needs));
    }
    std::size_t& at = by_name[needs];  // of exact ones the last
    if (needs.exact && !continues(jobs[at].job.plans, plan)) {
      OuterJob another = jobs[at];
      another.job.plans.clear();
      at = jobs.size();
      jobs.push_back(std::move(another));
    }
    jobs[at].job.plans.push_back(plan);
  }
  // Checks all modules' own parameters before the first image is prepared.
  for (const OuterJob& outer : jobs)
    check_parameters(outer.job.plans, outer.job.modules, site_vendor(site));
  return jobs;
}

}  // namespace

bool continues(const std::vector<scenario::TrialPlan>& plans, const scenario::TrialPlan& next) {
  return plans.empty() || (plans.front().warmup && plans.front().cell == next.cell);
}

bool means_release(const std::string& kernel, const std::string& release) {
  return kernel.empty() || kernel == release || kernel == kvm::parse_series(release);
}

OuterJob make_outer_job(const Site& site, const std::string& kernel,
                        const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders,
                        const trial::Sink& sink) {
  check_before_building(site, {kernel}, plans, folders);
  OuterNeeds needs;
  if (!plans.empty()) needs.processor = plans.front().settings.processor;
  ImagesBeside images(plans, folders, sink);
  OuterJob outer = outer_job(site, find_or_make_outer(folders, sink, kernel), needs);
  check_parameters(plans, outer.job.modules, site_vendor(site));
  outer.job.images = images.prepare(plans);
  outer.job.plans = plans;
  return outer;
}

void make_parts(const Site& site, const std::vector<scenario::TrialPlan>& plans,
                const base::Folders& folders, const trial::Sink& sink) {
  check_before_building(site, kernels_of(plans), plans, folders);
  ImagesBeside images(plans, folders, sink);
  begin_jobs(site, plans, folders, sink);
  images.wait();
}

std::vector<OuterJob> make_outer_jobs(const Site& site,
                                      const std::vector<scenario::TrialPlan>& plans,
                                      const base::Folders& folders, double time_scale,
                                      const trial::Sink& sink) {
  check_before_building(site, kernels_of(plans), plans, folders);
  ImagesBeside images(plans, folders, sink);
  std::vector<OuterJob> jobs = begin_jobs(site, plans, folders, sink);
  for (OuterJob& outer : jobs) {
    outer.job.time_scale = time_scale;
    outer.job.capabilities = outer::kept_capabilities(folders, outer.image, outer.job);
  }
  std::optional<base::Beside> state;
  if (!jobs.empty())
    state.emplace([&folders, &sink, first = jobs.front()] {
      const base::RunFolder run(folders);
      outer::make_saved_state(first.image, first.job, folders, run, one_at_a_time(sink));
    });
  for (OuterJob& outer : jobs) {
    outer.job.images = images.prepare(outer.job.plans);
    check_steps(outer.job.plans, outer.job.images);
  }
  if (state) state->wait();
  return jobs;
}

}  // namespace lab::run
