// SPDX-License-Identifier: MIT
// An outer VM for a job, and the job's disk: what goes in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "orchestrator/inside/job.hpp"
#include "orchestrator/inside/places.hpp"
#include "orchestrator/outer/machine/outer_vm.hpp"

namespace lab::outer {

inline const std::string start_job = std::string("exec ") + inside::job_place + "/run";
inline constexpr const char* start_nothing = "exit 0";
inline constexpr const char* overlay_name = "outer.qcow2";

// Lays out everything an outer VM with this job needs in `folder` (an overlay on its system's disk,
// where it has one, and the job's disk) and gives the domain. `start`: the shell command that the
// machine runs as soon as it is up; `run` in the job's folder starts the job.
guest::DomainSpec lay_out_outer(const OuterImage& image, const inside::Job& job,
                                const std::string& name, const std::filesystem::path& folder,
                                const std::filesystem::path& sockets, const std::string& start);

// The same for a machine that is only made ready: of the job it gets the modules and what libvirt
// knows of QEMU, and nothing that differs from build to build of lab.
guest::DomainSpec lay_out_without_job(const OuterImage& image, const inside::Job& job,
                                      const std::string& name, const std::filesystem::path& folder,
                                      const std::filesystem::path& sockets,
                                      const std::string& start);

// Memory that an outer VM for this job may take.
std::uint64_t outer_memory_mib(const inside::Job& job);

}  // namespace lab::outer
