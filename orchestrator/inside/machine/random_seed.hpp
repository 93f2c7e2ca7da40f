// SPDX-License-Identifier: MIT
// Seeds the random numbers of a restored machine: others may have been restored from the same
// state.
#pragma once

#include <cstddef>
#include <string>

namespace lab::inside {

inline constexpr std::size_t seed_bytes = 64;

// Returns a seed from the kernel, in hexadecimal.
std::string make_random_seed();

// Restarts the kernel's random numbers with these bytes, and gives the machine an id of its own.
// Throws an infrastructure error where the kernel does not accept them.
void seed_random_numbers(const std::string& seed);

}  // namespace lab::inside
