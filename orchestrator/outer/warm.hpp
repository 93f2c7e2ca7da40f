// SPDX-License-Identifier: MIT
// Starts outer VMs without a boot, from a state with the patched modules loaded and libvirtd
// running, which is saved once. On emulated sites only.
#pragma once

#include <memory>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

// Returns whether this emulator (of OuterImage; empty: libvirt's choice) can write and read such
// states.
bool can_be_warm(const Site& site, const OuterImage& image);

// Keeps the states in CACHE/warm, a folder each, named by a digest of all that determines them: the
// outer image and its kernel, the machine's XML, the emulator's version, the modules and the
// commands that make the machine ready. This program is not included: another build uses the same
// state.
//
// Starts the machine that lay_out_outer() made for this job from such a state, and first makes the
// state where there is none. A state that was altered, or from which the machine does not go on, is
// deleted and made anew, once.
std::unique_ptr<OuterMachine> start_warm(const OuterImage& image, const inside::Job& job,
                                         const guest::DomainSpec& spec,
                                         const base::Folders& folders, const base::RunFolder& run,
                                         const trial::Sink& sink);

// Makes that state where there is none.
void make_warm_state(const OuterImage& image, const inside::Job& job, const guest::DomainSpec& spec,
                     const base::Folders& folders, const base::RunFolder& run,
                     const trial::Sink& sink);

}  // namespace lab::outer
