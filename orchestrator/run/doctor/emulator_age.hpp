// SPDX-License-Identifier: MIT
// Whether Debian has mended its emulators since lab built its own of them: apt does not look after
// those.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/outer/machine/emulator.hpp"
#include "orchestrator/run/doctor/probe.hpp"

namespace lab::run {

// The newest version among those of a suite, its updates and security ones included, in what
// `apt-cache madison PACKAGE` prints; without a rebuild's "+b1". "" where there is none.
std::string newest_of_suite(std::string_view madison, std::string_view suite);

// Not ok where `available`, a version of Debian's package, is newer than what the emulator was
// built from; "": apt knows none.
Finding judge_age(const outer::Emulator& emulator, const std::string& available);

// Of each emulator of lab's own that is there. Asks apt's lists on this machine, and those of lab's
// own that an earlier `lab kvm build` left in the cache; fetches none.
std::vector<Finding> probe_emulator_ages(const base::Folders& folders);

}  // namespace lab::run
