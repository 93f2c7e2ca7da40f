// SPDX-License-Identifier: MIT
// Collects what the machine with the patched KVM reports about itself: the conditions of its
// trials.
#pragma once

#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::inside {

// Returns the conditions of all its trials. Throws an infrastructure error where its clocks
// disagree.
record::Conditions machine_conditions(const Job& job);

// Returns the software that libvirt gives to its guests.
record::Conditions software_conditions(virConnect* connection);

// Returns the conditions of a trial whose modules are loaded with these parameters.
record::Conditions trial_conditions(const scenario::TrialPlan& plan, const kvm::Parameters& set,
                                    const Site& site);

}  // namespace lab::inside
