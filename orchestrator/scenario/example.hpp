// SPDX-License-Identifier: MIT
// Makes a large scenario, to measure the loader.
#pragma once

#include <cstddef>
#include <string>

namespace lab::scenario {

// Returns YAML with four axes of 10,000 cells together, three steps, and expectations for some
// cells.
std::string large_example();

}  // namespace lab::scenario
