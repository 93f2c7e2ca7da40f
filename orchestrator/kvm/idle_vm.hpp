// SPDX-License-Identifier: MIT
// A VM that never runs, kept while others come and go.
//
// KVM's first VM and its last switch static keys of the scheduler, that is, they rewrite code that
// both processors execute. QEMU 7.2's TCG with several threads may go on executing the breakpoint
// that stands there meanwhile, for ever: an emulated outer VM then falls silent. With this VM there
// is no first and no last as long as the modules are loaded.
#pragma once

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {

// The VM lives as long as the descriptor, and modules with a VM cannot be unloaded. Error
// (infrastructure) where KVM does not make one.
base::Fd open_idle_vm();

}  // namespace lab::kvm
