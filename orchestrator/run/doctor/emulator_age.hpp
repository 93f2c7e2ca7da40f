// SPDX-License-Identifier: MIT
// Checks whether Debian has fixed its emulators since lab built its own from them: apt does not
// update those.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/outer/machine/emulator.hpp"
#include "orchestrator/run/doctor/probe.hpp"

namespace lab::run {

// Returns the newest version of a suite, with its updates and security updates, in the output of
// `apt-cache madison PACKAGE`, without a rebuild's "+b1"; "" where there is none.
std::string newest_of_suite(std::string_view madison, std::string_view suite);

// Is not ok where `available`, a version of Debian's package, is newer than the emulator's source.
// "" means that apt knows no version.
Finding judge_age(const outer::Emulator& emulator, const std::string& available);

// Judges each of lab's own emulators that is installed. Reads apt's lists on this machine and those
// that an earlier `lab kvm build` left in lab's cache; fetches none.
std::vector<Finding> probe_emulator_ages(const base::Folders& folders);

}  // namespace lab::run
