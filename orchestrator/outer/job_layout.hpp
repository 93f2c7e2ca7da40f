// SPDX-License-Identifier: MIT
// Prepares an outer VM for a job, and the disk with which the job goes in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

inline const std::string start_job = std::string("exec ") + inside::job_place + "/run";
inline constexpr const char* start_nothing = "exit 0";
inline constexpr const char* overlay_name = "outer.qcow2";

// Returns the domain of an outer VM with this job's machine, whose disks will lie in `folder`, and
// without the disks of its guests. `start` is the shell command that the machine runs as soon as it
// is up; `run` in the job's folder starts the job.
guest::DomainSpec outer_machine(const OuterImage& image, const inside::Job& job,
                                const std::string& name, const std::filesystem::path& folder,
                                const std::filesystem::path& sockets, const std::string& start);

// Lays out in `folder` everything that this machine needs (an overlay on its system's disk, where
// it uses one, and the job's disk), and returns the domain with the disks of the job's guests.
guest::DomainSpec lay_out_outer(const OuterImage& image, const inside::Job& job,
                                const std::string& name, const std::filesystem::path& folder,
                                const std::filesystem::path& sockets, const std::string& start);

// Does the same for a machine that is only made ready: of the job it gets the modules and libvirt's
// capabilities of QEMU, and nothing that differs between builds of lab.
guest::DomainSpec lay_out_without_job(const OuterImage& image, const inside::Job& job,
                                      const std::string& name, const std::filesystem::path& folder,
                                      const std::filesystem::path& sockets,
                                      const std::string& start);

// Returns the memory that an outer VM for this job may take.
std::uint64_t outer_memory_mib(const inside::Job& job);

// An outer VM of another suite gets the libraries of this lab (carried_libraries.cpp), as it does
// not run with the outer VM's.
//
// The folder beside a lab in which its RPATH ($ORIGIN/libs, see orchestrator/CMakeLists.txt) finds
// them.
inline constexpr const char* libraries_name = "libs";

// Copies all shared libraries of this process, and the loader, to the folder `libs` beside
// `program`, a copy of this process's program, and sets that loader in the program: `loader` is its
// path where the program will run, at most 27 bytes long (the space of the usual path). Throws an
// infrastructure error where that is not possible.
void carry_libraries(const std::filesystem::path& program, const std::filesystem::path& loader);

}  // namespace lab::outer
