// SPDX-License-Identifier: MIT
// Runs a job inside a throwaway outer VM and passes its events on.
#pragma once

#include <cstdint>

#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/run_folder.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"

namespace lab::site {

// Lays out everything an outer VM with this job needs in `folder` (its system disk, an overlay,
// and the job disk) and gives the domain. `start`: the shell command that the machine runs as soon
// as it is up; `run` in the job's folder starts the job.
inline constexpr const char* start_job = "exec /run/lab/job/run";
inline constexpr const char* start_nothing = "exit 0";
guest::DomainSpec lay_out_outer(const OuterImage& image, const Job& job, const std::string& name,
                                const std::filesystem::path& folder,
                                const std::filesystem::path& sockets, const std::string& start);

// Memory that an outer VM for this job may take.
std::uint64_t outer_memory_mib(const Job& job);

// Brings an outer VM up, hands it the job (whose paths are this machine's) and passes on every
// event until its end. Throws Error where the outer VM cannot start, dies, hangs (nothing heard
// for three minutes) or is not done within the sum of the trials' limits and ten minutes.
// However it ends, the outer VM is gone afterwards.
void run_nested(const OuterImage& image, Job job, const base::Folders& folders,
                const base::RunFolder& run, const trial::Sink& sink);

}  // namespace lab::site
