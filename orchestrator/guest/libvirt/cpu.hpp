// SPDX-License-Identifier: MIT
// Checks CPU models and features by libvirt's names.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

// Throws a user error for a model (empty: none) or a feature ("+name", "-name") that libvirt does
// not know. Domain checks whether the processor has it.
void check_cpu(virConnect* connection, const std::string& model,
               const std::vector<std::string>& features);

}  // namespace lab::guest
