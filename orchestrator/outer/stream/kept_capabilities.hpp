// SPDX-License-Identifier: MIT
// What libvirt found out about QEMU in earlier outer VMs (inside/machine/capabilities), in lab's
// cache.
#pragma once

#include <filesystem>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::outer {

// Where they are kept for outer VMs like the job's, from this image. Empty for a machine with a
// clock of its own: its counts would depend on whether another one had run there before.
std::filesystem::path kept_capabilities(const base::Folders& folders, const OuterImage& image,
                                        const inside::Job& job);

// Keeps what came; nothing where it has no proper name or more than 1 MiB: it came out of a VM.
void keep_capabilities(const std::filesystem::path& folder, const trial::Capabilities& came);

}  // namespace lab::outer
