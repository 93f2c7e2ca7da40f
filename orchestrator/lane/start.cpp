// SPDX-License-Identifier: MIT
#include "orchestrator/lane/start.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/base/text/pattern.hpp"
#include "orchestrator/outer/job_layout.hpp"

namespace lab::lane {
namespace {

// Emulated exact machines and Bochs run in one thread.
unsigned processors_for(const scenario::TrialPlan& plan, const record::Site& site) {
  if (site.own_clock || plan.settings.exact == scenario::Exact::always) return 1;
  return std::max(2u, plan.settings.guests * plan.settings.vcpus);
}

// Adds the memory of the outer VM, the emulator and lab itself.
std::uint64_t memory_for(const scenario::TrialPlan& plan, const record::Site& site) {
  constexpr std::uint64_t besides = 512;  // MiB
  const bool exact = plan.settings.exact == scenario::Exact::always && !site.own_clock;
  return outer::outer_memory_mib({.site = &site, .exact = exact, .plans = {plan}}) + besides;
}

// Cancels the jobs of this name that still exist. Ignores errors: most often there are no jobs.
void cancel_jobs(const std::string& name) {
  try {
    base::run(
        {.argv = {"scancel", "--quiet", "--name=" + name, "--user", std::to_string(::getuid())},
         .limit = std::chrono::seconds(30)});
  } catch (const base::Error&) {
  }
}

// A lane takes three files. The limit is raised little beyond that, as programs that lab starts
// inherit it.
void allow_files_for(unsigned lanes) {
  rlimit limit{};
  const rlim_t needed = 3ul * lanes + 256;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(limit.rlim_max, needed);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

SlurmLane slurm_lane(const std::vector<scenario::TrialPlan>& plans, const record::Site& site) {
  SlurmLane lane{
      .job = fmt::format("lab-{}-{:08x}", ::getpid(), std::random_device{}()),
      .program = base::this_program().string(),
  };
  for (const scenario::TrialPlan& plan : plans) {
    lane.processors = std::max(lane.processors, processors_for(plan, site));
    lane.memory_mib = std::max(lane.memory_mib, memory_for(plan, site));
  }
  return lane;
}

std::string slurm_command(const SlurmLane& lane, bool inside_allocation) {
  const std::string where =
      inside_allocation ? "--exact" : "--job-name=" + base::shell_quoted(lane.job);
  return fmt::format(
      "exec srun {} --quiet --nodes=1 --ntasks=1 --cpus-per-task={} --mem={}M{}{} {} lane", where,
      lane.processors, lane.memory_mib, lane.options.empty() ? "" : " ", lane.options,
      base::shell_quoted(lane.program));
}

std::string lane_command(const std::string& via) {
  static const base::Pattern names_lane(R"((^|[\s'"])lane($|[\s'";&|)]))");
  return names_lane.find(via) != std::string::npos ? via : via + " lab lane";
}

Starter::Starter(const Via& via, const std::vector<scenario::TrialPlan>& plans,
                 const record::Site& site, unsigned lanes) {
  allow_files_for(lanes);
  if (via.command != "slurm") {
    command_ = lane_command(via.command);
    return;
  }
  SlurmLane lane = slurm_lane(plans, site);
  lane.options = via.slurm_options;
  const bool inside = std::getenv("SLURM_JOB_ID") != nullptr;
  command_ = slurm_command(lane, inside);
  if (!inside) job_ = lane.job;
}

Starter::~Starter() {
  if (!job_.empty()) cancel_jobs(job_);
}

base::Command Starter::operator()(unsigned lane) const {
  return {.argv = {"sh", "-c", command_}, .environment = {{"LAB_LANE", std::to_string(lane)}}};
}

}  // namespace lab::lane
