// SPDX-License-Identifier: MIT
// Determines the vendor of this machine's virtualization.
#pragma once

#include <string>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::kvm {

// Reads the processor's flags. Throws an infrastructure error if it lacks both VMX and SVM.
exits::Vendor machine_vendor();

// Returns the vendor's module: "kvm_intel" or "kvm_amd".
std::string vendor_module(exits::Vendor vendor);

}  // namespace lab::kvm
