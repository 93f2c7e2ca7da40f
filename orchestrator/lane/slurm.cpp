// SPDX-License-Identifier: MIT
#include "orchestrator/lane/slurm.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"
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

bool inside_allocation() {
  return std::getenv("SLURM_JOB_ID") != nullptr;
}

void cancel_jobs(const std::string& name) {
  try {
    base::run(
        {.argv = {"scancel", "--quiet", "--name=" + name, "--user", std::to_string(::getuid())},
         .limit = std::chrono::seconds(30)});
  } catch (const base::Error&) {
  }
}

}  // namespace lab::lane
