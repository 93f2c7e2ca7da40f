// SPDX-License-Identifier: MIT
// Whose virtualization this machine has.
#pragma once

#include <string>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::kvm {

// By the processor's flags. Error (infrastructure) where it offers neither VMX nor SVM.
exits::Vendor machine_vendor();

// Its vendor's module: "kvm_intel" or "kvm_amd".
std::string vendor_module(exits::Vendor vendor);

}  // namespace lab::kvm
