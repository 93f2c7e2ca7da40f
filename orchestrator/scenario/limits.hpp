// SPDX-License-Identifier: MIT
// Limits how many entries a scenario may contain, where there can be several. For the loader only.
#pragma once

#include <cstddef>

namespace lab::scenario {

inline constexpr std::size_t steps_limit = 64, expect_limit = 256, floors_limit = 256;
inline constexpr std::size_t axis_limit = 64;          // values of one key of the matrix
inline constexpr std::size_t matrix_list_limit = 256;  // entries of exclude and of include
inline constexpr std::size_t parameters_limit = 64;
// Limits a run step; the reader in the guest has the same limits
// (trial/reader/both_sides_test.cpp).
inline constexpr std::size_t command_limit = 65536, times_limit = 1000000;

}  // namespace lab::scenario
