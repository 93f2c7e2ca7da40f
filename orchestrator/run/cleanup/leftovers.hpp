// SPDX-License-Identifier: MIT
// Finding and clearing what labs that were killed left behind.
#pragma once

#include "orchestrator/base/files/folders.hpp"

namespace lab::run {

// Destroys the domains, removes the folders and puts back the modules of labs that are no more.
// Says what it did on the log; costs next to nothing where there is nothing to do.
void clear_leftovers(const base::Folders& folders);

}  // namespace lab::run
