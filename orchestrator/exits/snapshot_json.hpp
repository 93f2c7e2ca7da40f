// SPDX-License-Identifier: MIT
// A snapshot that is part of a larger message.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {

// As parse_snapshot().
Snapshot snapshot_from(const nlohmann::json& object);

}  // namespace lab::exits
