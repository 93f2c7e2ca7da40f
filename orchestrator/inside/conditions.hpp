// SPDX-License-Identifier: MIT
// What the machine with the patched KVM says of itself: the conditions of its trials.
#pragma once

#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::inside {

// Of all its trials. Error (infrastructure) where its clocks disagree.
record::Conditions machine_conditions(const Job& job);

// What libvirt gives to its guests.
record::Conditions software_conditions(virConnect* connection);

// Of a trial whose modules are loaded, with these parameters.
record::Conditions trial_conditions(const scenario::TrialPlan& plan, const kvm::Parameters& set,
                                    const Site& site);

}  // namespace lab::inside
