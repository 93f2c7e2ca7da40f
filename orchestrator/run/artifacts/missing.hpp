// SPDX-License-Identifier: MIT
// Says what trials need and the caches lack, before anything is fetched or made.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/record/site.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::run {

struct MissingPart {
  std::string what;  // "image 'tiny'"
  bool takes_root = false;
};

// Returns what would be made or fetched for outer VMs with these kernels (selectors of
// kvm::find_or_fetch_kit; "": the default one) and for the plans' images. Leaves out what belongs
// to a kernel of one's own: only its script finds out what is there.
std::vector<MissingPart> find_missing(const record::Site& site,
                                      const std::vector<std::string>& kernels,
                                      const std::vector<scenario::TrialPlan>& plans,
                                      const base::Folders& folders);

// Throws where something is missing that cannot be made here: an infrastructure error on another
// system than Debian (base::foreign_system() says which), and a user error, with what root does
// about it once, where it takes root.
void check_makeable(const std::vector<MissingPart>& missing, const record::Site& site, bool is_root,
                    const std::string& foreign_system);

// Does both for this process on this machine.
void check_makeable(const record::Site& site, const std::vector<std::string>& kernels,
                    const std::vector<scenario::TrialPlan>& plans, const base::Folders& folders);

}  // namespace lab::run
