// SPDX-License-Identifier: MIT
// Outer VMs that need not boot: a state with the patched modules loaded and libvirtd running, saved
// once, from which each run starts. On emulated sites only.
#pragma once

#include <memory>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::outer {

// Whether this emulator (of OuterImage; empty: libvirt's choice) can write and read such states.
bool can_be_warm(const Site& site, const OuterImage& image);

// Where the states are kept: CACHE/warm, a folder each, by a digest of all that went into it: the
// outer image and its kernel, the machine's XML, the emulator's version, the modules and what the
// machine does to get ready. This program is not among it: another build goes on from the same.
//
// Starts the machine that lay_out_outer() made for this job from such a state, which is made first
// where there is none. A state that is not what was written, or with which the machine does not go
// on, is thrown away and made anew, once.
std::unique_ptr<OuterMachine> start_warm(const OuterImage& image, const inside::Job& job,
                                         const guest::DomainSpec& spec,
                                         const base::Folders& folders, const base::RunFolder& run,
                                         const trial::Sink& sink);

// Makes that state where there is none.
void make_warm_state(const OuterImage& image, const inside::Job& job, const guest::DomainSpec& spec,
                     const base::Folders& folders, const base::RunFolder& run,
                     const trial::Sink& sink);

}  // namespace lab::outer
