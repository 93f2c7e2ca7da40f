// SPDX-License-Identifier: MIT
// A large scenario, to measure the loader with.
#pragma once

#include <cstddef>
#include <string>

namespace lab::scenario {

// YAML with four axes of together 10,000 cells, three steps and expectations for some of them.
std::string large_example();

}  // namespace lab::scenario
