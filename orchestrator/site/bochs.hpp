// SPDX-License-Identifier: MIT
// Bochs as the outer machine of site vmx: it emulates Intel VMX with EPT, on any machine. Nothing
// from outside reaches it but its disks, so that it does the same each time, to the instruction.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "orchestrator/site/outer_machine.hpp"

namespace lab::site {

inline constexpr const char* bochs_program = "bochs-bin";
// Haswell has VMX with EPT, VPID, unrestricted guest and preemption timer, and no CPUID leaf 0x15:
// with one (skylake) Linux takes the TSC's frequency from it while Bochs' timers run at
// instructions_per_second, and guests drown in timer interrupts.
inline constexpr const char* bochs_cpu_model = "corei7_haswell_4770";
// What Bochs takes for a second of the machine's time; about what it executes in one of ours.
inline constexpr unsigned instructions_per_second = 100'000'000;
// Disks beside the CD: two on each of four IDE channels. Bochs 2.7 (its documentation, "ata0").
inline constexpr std::size_t most_bochs_disks = 7;

// The configuration file of a machine in which all paths are relative to its folder: boot.iso,
// disk0, disk1…; the named pipes console and stream; the log.
std::string bochs_configuration(const guest::DomainSpec& spec);

// Starts Bochs for a moment: what stands against site vmx (not installed, a build without VMX, a
// display that cannot open), in words; empty where it works.
std::string try_bochs();

// Error (infrastructure) where Bochs is missing.
std::unique_ptr<OuterMachine> start_bochs(const guest::DomainSpec& spec,
                                          const std::filesystem::path& boot_cd,
                                          const std::filesystem::path& folder);

}  // namespace lab::site
