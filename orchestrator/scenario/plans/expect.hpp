// SPDX-License-Identifier: MIT
// Reads the expectations on the counts. For the loader only.
#pragma once

#include "orchestrator/scenario/keys/key_info.hpp"
#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

// Returns the keys of one entry.
std::span<const KeyInfo> expect_keys();

// Fills `expect` and `relations`; steps and matrix must be read already. Throws base::Error (user).
void read_expect(Draft& draft, const Node& node);

}  // namespace lab::scenario
