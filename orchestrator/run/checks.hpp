// SPDX-License-Identifier: MIT
// Finds, before anything boots, what in a scenario would make its trials fail. Each check throws a
// user error that names the scenario and the trial.
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

// Returns the vendor of the processor that the site's guests run on.
exits::Vendor site_vendor(const record::Site& site);

// Rejects expectations of exits that this vendor's processors do not have.
void check_reasons(const std::vector<scenario::TrialPlan>& plans, exits::Vendor vendor);
void check_reasons(std::span<const scenario::Relation> relations, exits::Vendor vendor);

// Decides for each plan whether it is exact. Plans that leave it open become exact where the site
// and its emulator can give exact counts.
std::vector<scenario::TrialPlan> decide_exact(std::vector<scenario::TrialPlan> plans,
                                              const record::Site& site);

// Rejects exact counts where the site cannot give them.
void check_exact(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Throws an infrastructure error if a trial needs shadow paging on a QEMU that cannot emulate it.
void check_paging(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Returns whether guests under shadow paging would read the host's tables in this emulator
// (emulator_in_words): QEMU 9.2 and newer without ci/emulators/qemu/3-read-cr-intercept.cocci.
bool reads_shadow_tables(std::string_view emulator);

// Rejects processors and memory that the site's outer VMs or this machine's emulator cannot have.
void check_machines(const std::vector<scenario::TrialPlan>& plans, const record::Site& site);

// Rejects settings that contradict each other, and names of CPU models and features that this
// machine's libvirt does not know.
void check_settings(const std::vector<scenario::TrialPlan>& plans);

// Rejects parameters that these modules' files do not declare.
void check_parameters(const std::vector<scenario::TrialPlan>& plans,
                      const std::filesystem::path& modules, exits::Vendor vendor);

// Rejects steps that the image makes impossible; `images` is by image_key.
void check_steps(const std::vector<scenario::TrialPlan>& plans,
                 const std::map<std::string, trial::GuestImage>& images);

}  // namespace lab::run
