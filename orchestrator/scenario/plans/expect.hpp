// SPDX-License-Identifier: MIT
// What is expected of the counts. For the loader only.
#pragma once

#include "orchestrator/scenario/keys/key_info.hpp"
#include "orchestrator/scenario/plans/draft.hpp"

namespace lab::scenario {

// The keys of one entry.
std::span<const KeyInfo> expect_keys();

// Into `expect` and `relations`; steps and matrix are there already. Throws base::Error (user).
void read_expect(Draft& draft, const Node& node);

}  // namespace lab::scenario
