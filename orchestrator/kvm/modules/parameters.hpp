// SPDX-License-Identifier: MIT
// Parameters of the kvm modules: which of the two modules takes one, and whether it took it.
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

// Gives each parameter to the module that has one of this name. Error (user) for one that neither
// has, with the nearest name and all, and for a name or value that could be taken for something
// else.
SplitParameters split_parameters(const Parameters& parameters, const std::set<std::string>& of_kvm,
                                 const std::set<std::string>& of_vendor);

// "npt=0 nested=1".
std::string options_text(const Parameters& parameters);

// exit_leaves=root asks for the guest's privilege level (CPL), which lies in the guest's encrypted
// state under SEV-ES, SEV-SNP and TDX. Error (user) where it is given and one of those is on: by
// the parameters that are given, or else by what `loaded` says of the modules that are there ("Y",
// "1"; "" where there is none).
void refuse_leaves_of_encrypted_guests(
    const Parameters& parameters, const std::function<std::string(const std::string&)>& loaded);

// Whether sysfs shows the value that was given: "1", "on" and "Y" are the same for a boolean.
bool same_value(const std::string& given, const std::string& shown);

}  // namespace lab::kvm
