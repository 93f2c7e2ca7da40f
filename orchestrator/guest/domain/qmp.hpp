// SPDX-License-Identifier: MIT
// Speaks QEMU's machine protocol, through libvirt; for this folder's .cpp files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

// Returns QEMU's answer to a command. Throws an infrastructure error with its message where it
// refuses.
nlohmann::json ask_qemu(virDomain* domain, const std::string& command,
                        const nlohmann::json& arguments = nlohmann::json::object());

}  // namespace lab::guest
