// SPDX-License-Identifier: MIT
// Finds and removes what killed labs left behind.
#pragma once

#include "orchestrator/base/files/folders.hpp"

namespace lab::run {

// Destroys the domains, removes the folders and restores the modules of labs that no longer run.
// Logs what it did; costs next to nothing where there is nothing to do.
void clear_leftovers(const base::Folders& folders);

}  // namespace lab::run
