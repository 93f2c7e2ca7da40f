// SPDX-License-Identifier: MIT
// Bochs as the outer machine of site vmx: it emulates Intel VMX with EPT, on any machine. Nothing
// from outside reaches it but its disks, so that it does the same each time, to the instruction.
#pragma once

#include <string>

#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::outer {

inline constexpr const char* bochs_program = "bochs-bin";  // Debian's, where lab's own is not
// Its name in Bochs. Haswell has VMX with EPT, VPID, unrestricted guest and preemption timer, and
// no CPUID leaf 0x15: from that one later ones' Linux takes the TSC's frequency while Bochs' timers
// run at instructions_per_second, and guests drown in timer interrupts. Lab's own Bochs corrects
// the leaf.
const char* bochs_cpu_model(scenario::Processor processor);
// What Bochs takes for a second of the machine's time; about what it executes in one of ours.
inline constexpr unsigned instructions_per_second = 100'000'000;

// The configuration file of a machine in which all paths are relative to its folder: boot.iso,
// disk0, disk1…; the named pipes console and stream; the log.
std::string bochs_configuration(const guest::DomainSpec& spec);

// Starts Bochs (lab's own; "": Debian's) for a moment: what stands against site vmx (not installed,
// a build without VMX, a display that cannot open), in words; empty where it works.
std::string try_bochs(const std::string& emulator);

}  // namespace lab::outer
