// SPDX-License-Identifier: MIT
// What a scenario does to guests from the hypervisor's side.
#pragma once

#include <chrono>
#include <filesystem>

#include "orchestrator/guest/domain.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/spec.hpp"

namespace lab::trial {

// Does it and returns when the hypervisor has done it, after 30 s at most; a pause only begins.
// Error (infrastructure) where it cannot be done.
void perform(const scenario::HostAction& action, guest::Domain& domain, const GuestDisks& disks);

// How long the guest is then given to do its part (to find a device, to give up memory), before
// the counts are taken; a pause: how long it takes.
std::chrono::milliseconds time_of(const scenario::HostAction& action);

}  // namespace lab::trial
