// SPDX-License-Identifier: MIT
// What libvirt found out about QEMU inside an outer VM, kept for the next one from the same image:
// asking takes ten emulated seconds and more. libvirt itself judges whether it still holds (its
// file names QEMU's and libvirt's age, the kernel and the processor) and asks again where not.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/base/folders.hpp"
#include "orchestrator/site/job.hpp"
#include "orchestrator/site/outer_vm.hpp"
#include "orchestrator/trial/event.hpp"

namespace lab::site {

// Where they are kept for outer VMs like the job's, from this image. Empty for a machine with a
// clock of its own: its counts would depend on whether another one had run there before.
std::filesystem::path kept_capabilities(const base::Folders& folders, const OuterImage& image,
                                        const Job& job);

// Inside: puts what was kept (a folder; may be missing) where libvirtd looks, before it starts.
void give_capabilities(const std::filesystem::path& kept);

// Inside: sends what libvirtd has found by now, where it is not what was given; nothing where
// `kept` is empty.
void send_capabilities(const std::filesystem::path& kept, const trial::Sink& sink);

// Keeps what came; nothing where it has no proper name or more than 1 MiB: it came out of a VM.
void keep_capabilities(const std::filesystem::path& folder, const trial::Capabilities& came);

}  // namespace lab::site
