// SPDX-License-Identifier: MIT
// Caches what libvirt found out about QEMU in earlier outer VMs (inside/machine/capabilities).
#pragma once

#include <filesystem>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::outer {

// Returns their folder for outer VMs like the job's, from this image. Empty for a machine with a
// clock of its own: its counts would depend on whether another one had run there before.
std::filesystem::path kept_capabilities(const base::Folders& folders, const OuterImage& image,
                                        const inside::Job& job);

// Keeps what came out of a VM; ignores it where its name is not proper or it exceeds 1 MiB.
void keep_capabilities(const std::filesystem::path& folder, const trial::Capabilities& came);

}  // namespace lab::outer
