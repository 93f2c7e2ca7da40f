// SPDX-License-Identifier: MIT
#include "orchestrator/lane/start.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "orchestrator/base/text/pattern.hpp"

namespace lab::lane {
namespace {

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
  const bool inside = inside_allocation();
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
