// SPDX-License-Identifier: MIT
// Random numbers of a machine that was restored: others may have been restored from the same state.
#pragma once

#include <cstddef>
#include <string>

namespace lab::inside {

inline constexpr std::size_t seed_bytes = 64;

// From the kernel, in hexadecimal.
std::string make_random_seed();

// The kernel's random numbers begin anew with these bytes, and the machine gets an id of its own.
// Error (infrastructure) where the kernel does not take them.
void seed_random_numbers(const std::string& seed);

}  // namespace lab::inside
