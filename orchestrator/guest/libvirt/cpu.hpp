// SPDX-License-Identifier: MIT
// CPU models and features by the names that libvirt knows.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

// Error (user) for a model (empty: none) or a feature ("+name", "-name") that libvirt does not
// know. Whether the processor has it is another question, which Domain asks.
void check_cpu(virConnect* connection, const std::string& model,
               const std::vector<std::string>& features);

}  // namespace lab::guest
