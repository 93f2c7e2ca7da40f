// SPDX-License-Identifier: MIT
// Parameters of the kvm modules: which of the two modules takes one, and whether it took it.
#pragma once

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

// Whether sysfs shows the value that was given: "1", "on" and "Y" are the same for a boolean.
bool same_value(const std::string& given, const std::string& shown);

}  // namespace lab::kvm
