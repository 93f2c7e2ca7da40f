// SPDX-License-Identifier: MIT
// Assigns parameters to the kvm modules, and checks whether the modules accepted them.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

namespace lab::kvm {

using Parameters = std::map<std::string, std::string>;  // name → value

struct SplitParameters {
  Parameters kvm, vendor;
};

// Gives each parameter to the module that has one of this name. Throws a user error for one that
// neither has, with the nearest name and all names, and for a name or value that could be read as
// something else.
SplitParameters split_parameters(const Parameters& parameters, const std::set<std::string>& of_kvm,
                                 const std::set<std::string>& of_vendor);

// Returns "npt=0 nested=1".
std::string options_text(const Parameters& parameters);

// exit_leaves=root reads the guest's privilege level (CPL), which lies in the guest's encrypted
// state under SEV-ES, SEV-SNP and TDX. Throws a user error where it is set while one of those is
// on: by the given parameters, or else by the loaded modules' values, which `loaded` returns ("Y",
// "1"; "" where there is none).
void refuse_leaves_of_encrypted_guests(
    const Parameters& parameters, const std::function<std::string(const std::string&)>& loaded);

// Checks whether sysfs shows the given value: of a boolean all the kernel's words are the same, as
// "1", "on" and "Y".
bool same_value(const std::string& given, const std::string& shown);

}  // namespace lab::kvm
