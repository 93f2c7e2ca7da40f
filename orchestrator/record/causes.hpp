// SPDX-License-Identifier: MIT
// Defines causes of exits: what a step's exits of a reason were about, and which code caused them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lab::record {

struct Step;

// Texts are printable ASCII, at most longest_cause_text bytes; "" where nothing is known.
struct Cause {
  std::uint32_t number = 0;  // of the exit reason
  std::string detail;        // "io 0x3f8 serial: write 1"
  std::string place;         // "serial8250_console_putchar"
  std::uint64_t exits = 0;
  std::optional<std::uint64_t> cycles;

  bool operator==(const Cause&) const = default;
};

// Counts exits whose cause the kernel's table had no room for.
struct CausesLost {
  std::uint32_t number = 0;
  std::uint64_t exits = 0;

  bool operator==(const CausesLost&) const = default;
};

inline constexpr std::size_t longest_cause_text = 256;
inline constexpr std::size_t causes_bytes = 64u << 10;        // of a record's causes, as JSON
inline constexpr std::size_t most_causes = 2048;              // of a record: no more fit into that
inline constexpr std::string_view other_causes = "(others)";  // detail and place of a sum

bool has_causes(const Step& step);

struct CauseExits {
  std::uint64_t exits = 0;
  // Exits of the same reasons that may have such a cause: those of "(others)", and lost ones (of
  // all requested reasons, where no cause was found).
  std::uint64_t unknown = 0;
};

// Sums the exits of causes of these numbers whose "DETAIL, PLACE" contains the text.
CauseExits exits_of_causes(const Step& step, std::string_view text,
                           const std::set<std::uint32_t>& numbers);

// Returns the step's name for the reason, or its number where the step has no such reason.
std::string name_of_reason(const Step& step, std::uint32_t number);

// Describes the first number whose causes and lost ones do not add up to its reason's exits.
// Returns nullopt where all add up, or where there are no causes.
std::optional<std::string> causes_problem(const Step& step);

}  // namespace lab::record
