// SPDX-License-Identifier: MIT
// Maps CPUID leaves to what they answer, as in kvm-patch/exit_leaves.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lab::exits {

enum class Layout { descending, ascending, combined };

inline constexpr std::array all_layouts{Layout::descending, Layout::ascending, Layout::combined};

enum class Answer { none, total, total_cycles, count, cycles, total_and_cycles, latched };

std::string_view to_string(Layout layout);
std::optional<Layout> parse_layout(std::string_view text);

// Returns what `leaf` answers; Answer::none outside 0x4FFFFFFB..0x4FFFFFFF.
Answer find_answer(Layout layout, std::uint32_t leaf);

// Returns the leaf that answers T (total or total_and_cycles).
std::uint32_t total_leaf(Layout layout);

}  // namespace lab::exits
