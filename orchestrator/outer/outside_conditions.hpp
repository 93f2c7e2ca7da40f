// SPDX-License-Identifier: MIT
// Finds what an outer VM cannot know itself: its emulator, and the machine whose speed is its
// clock.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/outer_vm.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::outer {

// Returns conditions of the job's records: the emulator, or the kernel whose KVM runs the outer VM;
// the outer VM's image; the host, where it is the outer VM's clock. They stay outside, as the bytes
// of an exact job are the same everywhere. Unknown values are absent.
record::Conditions outside_conditions(const OuterImage& image, const inside::Job& job);

}  // namespace lab::outer
