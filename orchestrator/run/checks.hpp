// SPDX-License-Identifier: MIT
// What would make trials fail for their scenario's sake, found before anything is booted. All throw
// Error (user) that names the scenario and the trial.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/trial.hpp"

namespace lab::run {

using record::Site;

// Of the processor that the site's guests run on.
exits::Vendor site_vendor(const record::Site& site);

// Expectations of exits that this vendor's processors do not have.
void check_reasons(const std::vector<scenario::TrialPlan>& plans, exits::Vendor vendor);
void check_reasons(std::span<const scenario::Relation> relations, exits::Vendor vendor);

// Plans that say whether they are exact: those that leave it open are where the site and its
// emulator can give exact counts.
std::vector<scenario::TrialPlan> decide_exact(std::vector<scenario::TrialPlan> plans,
                                              const record::Site& site);

// Exact counts where the site cannot give them.
void check_exact(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Error (infrastructure) where a trial asks for shadow paging on a QEMU that cannot emulate it.
void check_paging(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Whether guests under shadow paging would read the host's tables in this emulator
// (emulator_in_words): QEMU 9.2 and newer without ci/emulators/qemu/3-read-cr-intercept.cocci.
bool reads_shadow_tables(std::string_view emulator);

// Processors and memory that this site's outer VMs, or this machine's own emulator, cannot have.
void check_machines(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Settings that contradict each other, and names of CPU models and features that this machine's
// libvirt does not know.
void check_settings(const std::vector<scenario::TrialPlan>& plans);

// Parameters that these modules do not have, as the modules themselves say.
void check_parameters(const std::vector<scenario::TrialPlan>& plans,
                      const std::filesystem::path& modules, exits::Vendor vendor);

// Steps that the image makes impossible; `images` by image_key.
void check_steps(const std::vector<scenario::TrialPlan>& plans,
                 const std::map<std::string, trial::GuestImage>& images);

}  // namespace lab::run
