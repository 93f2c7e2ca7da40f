// SPDX-License-Identifier: MIT
// Defines causes of exits: what an exit was about, and which code of the guest caused it. The host
// reads them in /sys/kernel/debug/kvm/<pid>-<fd>/exit_causes.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {

// The processor's mode, as bits 0-3 of a cause's kind encode it.
enum class Mode { real, virtual_8086, protected_16, protected_32, compatibility, long_64 };

struct CauseKey {
  std::uint32_t number = 0;  // of the exit reason
  std::uint8_t kind = 0;     // bits 0-3 mode, 4-5 CPL, 6 SMM, 7 an exit of the guest's own guest
  std::uint64_t detail = 0;  // the meaning of its bits depends on the number
  std::uint64_t rip = 0;     // linear; at CPL 3 rounded down to 1 TiB; 0: unknown

  auto operator<=>(const CauseKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

inline Mode mode(const CauseKey& key) {
  return static_cast<Mode>(key.kind & 15);
}
inline unsigned cpl(const CauseKey& key) {
  return key.kind >> 4 & 3;
}
inline bool in_smm(const CauseKey& key) {
  return (key.kind & 0x40) != 0;
}
inline bool is_nested(const CauseKey& key) {
  return (key.kind & 0x80) != 0;
}

struct CauseCount {
  std::uint64_t exits = 0;
  std::uint64_t cycles = 0;

  bool operator==(const CauseCount&) const = default;
};

// Contains counts over all vCPUs, without zero counts.
struct Causes {
  std::map<CauseKey, CauseCount> causes;
  std::map<std::uint32_t, std::uint64_t> lost;  // exits by number for which the table had no room

  bool operator==(const Causes&) const = default;
};

struct HostCauses {
  Vendor vendor = Vendor::vmx;
  std::uint32_t vcpus = 0;
  std::uint32_t entries = 0;  // capacity of a vCPU's table
  Causes now;
  Causes latched;  // as of the last latch: the guest's last read of T, or the host's own latch
  Causes marked;   // as of the last read of T that the guest marked to be kept (EXIT_LEAF_MARK)
  std::map<std::uint32_t, std::uint64_t> latched_reasons;  // exits by number, as of the last latch
};

// Throws an infrastructure error on another format version, a malformed line, a value out of range,
// more causes than a table has room for, or a missing "end" (a cut-off read). Ignores unknown lines
// and keys.
HostCauses parse_host_causes(std::string_view text);

// Returns what was added between two readings. Leaves out a count that has decreased, so that
// check_causes reports it as missing.
Causes causes_between(const Causes& before, const Causes& after);

void add(Causes& sum, const Causes& more);

// Checks for each number that the exits of all causes + lost ones = the count. The detail lists the
// numbers that differ, the note those with lost exits.
Check check_causes(std::string name, const StepCounts& counts, const Causes& causes);

}  // namespace lab::exits
