// SPDX-License-Identifier: MIT
// Implements the protocol with the reader in the guest (images/reader): requests and messages.
// Every message comes from the guest, so it is bounded and validated.
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
inline constexpr std::uint64_t max_reader_bytes = 16u << 20;  // for a whole trial, at least
inline constexpr std::uint32_t reader_protocol = 4;
// An older reader, in a user's own image, counts as well as a new one, but names no symbols.
inline constexpr std::uint32_t oldest_reader_protocol = 3;
inline constexpr std::uint32_t symbols_protocol = 4;  // the first that names symbols
inline constexpr std::size_t max_symbols = 8192;      // addresses in one request

// Names the function at an address in the guest's kernel. `name` is "" where the kernel knows none;
// `module` is "" for the kernel itself.
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
  std::optional<int> background_exit_code;       // step: where its background load ended by itself
  std::uint32_t times = 0;                       // step: runs that ended by themselves
  bool cut = false;                              // step: its duration ran out
  bool killed = false;                           // step: the reader killed its shell then
  std::optional<double> seconds;                 // step: by the guest's clock
  std::string text;  // end of the output (step), message (error), why there are none (symbols)
  std::uint32_t from = 0;  // symbols: index of the first one among the requested addresses
  bool more = false;       // symbols: another line follows
  std::vector<ReaderSymbol> symbols;  // symbols
};

// Joins the lines of an answer with symbols.
class SymbolLines {
 public:
  // Returns whether the message is complete: the last line of an answer with symbols contains all
  // of them then, and any other message is. Throws an infrastructure error where lines are missing.
  bool take(ReaderMessage& message);

 private:
  std::optional<ReaderMessage> begun_;
};

// Describes what the reader runs: images/reader/text.h defines the limits, which the scenario's
// loader enforces.
struct RunRequest {
  std::uint32_t id = 0;
  std::string_view command, input, background;
  std::uint32_t times = 1;
  std::chrono::milliseconds duration{0};  // 0: without limit
};

// Throws an infrastructure error where the line is no message of the protocol; the caller knows
// that the guest sent it.
ReaderMessage parse_reader_message(std::string_view line);

// Returns "run ID LENGTH INPUT BACKGROUND TIMES MILLISECONDS\n" and the bytes of all three texts.
std::string run_request(const RunRequest& request);
std::string snapshot_request(std::uint32_t id);
// Returns "symbols ID LENGTH\n" and the addresses: 1 to max_symbols, ascending. The answer comes in
// one message or several, in their order.
std::string symbols_request(std::uint32_t id, const std::vector<std::uint64_t>& addresses);
inline constexpr std::string_view poweroff_request = "poweroff\n";
inline constexpr std::string_view reboot_request = "reboot\n";

}  // namespace lab::trial
