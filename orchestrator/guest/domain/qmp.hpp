// SPDX-License-Identifier: MIT
// QEMU's machine protocol, through libvirt; for this folder's .cpp files only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

// What QEMU returns to a command. Error (infrastructure) with its own words where it refuses.
nlohmann::json ask_qemu(virDomain* domain, const std::string& command,
                        const nlohmann::json& arguments = nlohmann::json::object());

}  // namespace lab::guest
