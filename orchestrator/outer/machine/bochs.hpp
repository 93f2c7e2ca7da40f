// SPDX-License-Identifier: MIT
// Runs Bochs as the outer machine of site vmx: it emulates Intel VMX with EPT, on any machine. Only
// its disks reach it from outside, so each run is the same, to the instruction.
#pragma once

#include <string>

#include "orchestrator/guest/xml/domain_spec.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::outer {

inline constexpr const char* bochs_program = "bochs-bin";  // Debian's, where lab's own is not
// Returns the model's name in Bochs. Haswell has VMX with EPT, VPID, unrestricted guest and
// preemption timer, and no CPUID leaf 0x15: on later models Linux takes the TSC's frequency from
// that leaf while Bochs' timers run at instructions_per_second, so guests drown in timer
// interrupts. Lab's own Bochs corrects the leaf.
const char* bochs_cpu_model(scenario::Processor processor);
// The instructions that Bochs counts as a second of the machine's time; about what it executes in a
// real second.
inline constexpr unsigned instructions_per_second = 100'000'000;

// Returns the configuration file of a machine in which all paths are relative to its folder:
// boot.iso, disk0, disk1…; the named pipes console and stream; the log.
std::string bochs_configuration(const guest::DomainSpec& spec);

// Starts Bochs (lab's own; "": Debian's) for a moment and returns, in words, why site vmx cannot
// use it (not installed, a build without VMX, a display that cannot open); "" where it works.
std::string try_bochs(const std::string& emulator);

}  // namespace lab::outer
