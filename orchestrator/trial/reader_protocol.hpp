// SPDX-License-Identifier: MIT
// The conversation with the reader in the guest (images/reader): requests out, messages in.
// Everything that comes in is a guest's word: bounded and validated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/exits/snapshot.hpp"

namespace lab::trial {

inline constexpr std::size_t max_reader_line = 128 << 10;
inline constexpr std::uint64_t max_reader_bytes = 16u << 20;  // of a whole trial
inline constexpr int reader_protocol = 1;

struct ReaderMessage {
  enum class Kind { ready, step, snapshot, bye, error };
  Kind kind = Kind::ready;
  std::uint32_t id = 0;
  std::optional<exits::Snapshot> before, after;  // ready and snapshot: only after
  std::string kernel, vendor, layout;            // ready
  std::optional<int> exit_code;                  // step: 0..255, or 128 + signal
  std::string text;                              // step: output's end; error: message
};

// Error (infrastructure) where the line is no message of the protocol; the caller knows that it
// was the guest who sent it.
ReaderMessage parse_reader_message(std::string_view line);

// "run ID LENGTH\n" and the command's bytes.
std::string run_request(std::uint32_t id, std::string_view command);

}  // namespace lab::trial
