// SPDX-License-Identifier: MIT
// Runs a job's trials on this machine's own KVM, with its modules swapped meanwhile.
#pragma once

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::inside {

// Runs all trials and sends a record event for each. Swaps the modules only where necessary, and
// always restores the stock ones at the end. Throws Error where the machinery fails.
void run_job(const Job& job, const base::Folders& folders, const trial::Sink& sink);

}  // namespace lab::inside
