// SPDX-License-Identifier: MIT
// The conversation with the reader in the guest (images/reader): requests out, messages in.
// Everything that comes in is a guest's word: bounded and validated.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/snapshot.hpp"

namespace lab::trial {

inline constexpr std::size_t max_reader_line = 128 << 10;
inline constexpr std::uint64_t max_reader_bytes = 16u << 20;  // of a whole trial, at least
inline constexpr std::uint32_t reader_protocol = 4;
// An older reader, in an image of one's own, counts as well as a new one: it names no symbols.
inline constexpr std::uint32_t oldest_reader_protocol = 3;
inline constexpr std::uint32_t symbols_protocol = 4;  // the first that does
inline constexpr std::size_t max_symbols = 8192;      // addresses of one request

// What the guest's kernel has at an address: a function's name, "" where it knows none, and its
// module's, "" for the kernel itself.
struct ReaderSymbol {
  std::string name, module;

  bool operator==(const ReaderSymbol&) const = default;
};

struct ReaderMessage {
  enum class Kind { ready, step, snapshot, bye, error, symbols };
  Kind kind = Kind::ready;
  std::uint32_t id = 0;
  std::optional<exits::Snapshot> before, after;  // ready and snapshot: only after
  std::string kernel, vendor, layout;            // ready
  std::uint32_t protocol = 0;                    // ready
  std::optional<int> exit_code;                  // step: 0..255, or 128 + signal
  std::optional<int> background_exit_code;       // step: its load had ended by itself
  std::uint32_t times = 0;                       // step: runs that ended by themselves
  bool cut = false;                              // step: its duration was over
  bool killed = false;            // step: then it was the reader that ended its shell
  std::optional<double> seconds;  // step: by the guest's clock
  std::string text;               // step: output's end; error: message; symbols: why there are none
  std::uint32_t from = 0;         // symbols: the first one's place among the addresses asked for
  bool more = false;              // symbols: another line of them follows
  std::vector<ReaderSymbol> symbols;  // symbols
};

// Puts the lines of an answer with symbols together.
class SymbolLines {
 public:
  // Whether the message is whole: any other message is; of symbols the last line then has them all.
  // Error (infrastructure) where the lines do not follow each other.
  bool take(ReaderMessage& message);

 private:
  std::optional<ReaderMessage> begun_;
};

// What the reader is to run: see images/reader/text.h for the limits, which the scenario's loader
// keeps.
struct RunRequest {
  std::uint32_t id = 0;
  std::string_view command, input, background;
  std::uint32_t times = 1;
  std::chrono::milliseconds duration{0};  // 0: as long as it takes
};

// Error (infrastructure) where the line is no message of the protocol; the caller knows that it
// was the guest who sent it.
ReaderMessage parse_reader_message(std::string_view line);

// "run ID LENGTH INPUT BACKGROUND TIMES MILLISECONDS\n" and the bytes of all three.
std::string run_request(const RunRequest& request);
std::string snapshot_request(std::uint32_t id);
// "symbols ID LENGTH\n" and the addresses, which must ascend: 1 to max_symbols. The answer is one
// message or several, in their order.
std::string symbols_request(std::uint32_t id, const std::vector<std::uint64_t>& addresses);
inline constexpr std::string_view poweroff_request = "poweroff\n";
inline constexpr std::string_view reboot_request = "reboot\n";

}  // namespace lab::trial
