// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/machine.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/machine/this_machine.hpp"

namespace lab::kvm {

exits::Vendor machine_vendor() {
  if (base::cpu_has("svm")) return exits::Vendor::svm;
  if (base::cpu_has("vmx")) return exits::Vendor::vmx;
  throw base::infrastructure_error("this machine's processor offers neither VMX nor SVM",
                                   "lab doctor");
}

std::string vendor_module(exits::Vendor vendor) {
  return vendor == exits::Vendor::svm ? "kvm_amd" : "kvm_intel";
}

}  // namespace lab::kvm
