// SPDX-License-Identifier: MIT
// What the guest's reader saw of its exit counts, and what happened between two readings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/reasons.hpp"

namespace lab::exits {

struct ReasonCount {
  std::uint32_t number = 0;
  std::uint64_t exits = 0;
  std::optional<std::uint64_t> cycles;  // absent where the kernel gave none

  bool operator==(const ReasonCount&) const = default;
};

// As the guest sees a count: eax has 32 bits.
inline std::uint32_t wrapped(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

// One reading in the guest, raw. Counts come from eax, so they are modulo 2^32.
// Read order: T (start_total), then c(n) for each of `reasons` as listed, then T
// again (end_total). Every read is itself a CPUID exit, counted before it answers.
struct Snapshot {
  std::uint32_t start_total = 0;
  std::uint32_t end_total = 0;
  std::uint32_t own_exits =
      0;  // CPUID exits after T's read, up to and with T2's: reasons.size() + 1
  std::uint32_t attempts = 0;
  bool clean = false;  // nothing but the reader's own CPUID exits came between
  std::uint64_t total_cycles = 0;
  // All leaf reads of this snapshot, failed attempts and the search for nonzero
  // numbers included; absent when the reader does not say.
  std::optional<std::uint64_t> leaf_reads;
  std::vector<ReasonCount> reasons;  // in read order; exits < 2^32

  bool operator==(const Snapshot&) const = default;
};

// Counts as they stood at one moment.
struct Counts {
  std::uint64_t total = 0;
  std::uint64_t cycles = 0;
  std::vector<ReasonCount> reasons;  // sorted by number, no zero counts
  bool exact = true;                 // false: from a snapshot that was not clean
  std::uint64_t disturbed = 0;       // exits of others that came between its reads

  bool operator==(const Counts&) const = default;
};

// The 64 bits of a count of which the guest saw the low 32: the value nearest to one that the host
// has of about the same moment (within 2^31 exits).
std::uint64_t nearest(std::uint32_t seen, std::uint64_t host);

// The counts as of end_total. Only the CPUID number changes: it was read at
// position p of k, so k - p + 1 further CPUID exits came until T2 answered.
// Exact only for a clean snapshot (`exact` says so).
Counts counts_at_end(const Snapshot& snapshot, Vendor vendor);

// What happened in one step: after - before, both at their end_total. That
// includes everything the after-snapshot's own reading caused; `reader_exits`
// says how many exits (all CPUID) that was, and nothing is subtracted.
struct StepCounts {
  std::uint64_t exits = 0;
  std::uint64_t cycles = 0;
  std::vector<ReasonCount> reasons;  // sorted by number, no zero counts
  std::uint64_t reader_exits = 0;
  bool reader_exits_complete = true;  // false: a lower bound (the reader gave no leaf_reads)
  bool clean = true;                  // both snapshots were
  std::uint64_t disturbed = 0;        // exits of others between the two snapshots' reads

  bool operator==(const StepCounts&) const = default;
};

// What the host has, in 64 bits, of about the moments of the two snapshots.
struct HostSides {
  Counts before;  // without a `before` snapshot: where the step begins, exactly
  Counts after;
};

// `before` empty: everything since the guest was created (the boot step), which began at
// host.before: nothing, unless the modules preset the counts.
// By the guest alone counts are modulo 2^32; the host's side makes them whole.
StepCounts step_counts(const std::optional<Snapshot>& before, const Snapshot& after, Vendor vendor,
                       const HostSides& host = {});

// Exits of "total", of a reason's name or of its number. Zero when it never
// happened; empty when this vendor has no such reason.
std::optional<std::uint64_t> count_of(const StepCounts& counts, Vendor vendor,
                                      std::string_view reason);

// The reader's JSON object S. Throws base::Error (infrastructure) on anything
// malformed: missing or negative values, out of range, twice the same number,
// more than 1024 reasons. Unknown members are ignored.
Snapshot parse_snapshot(std::string_view json);
std::string to_json(const Snapshot& snapshot);

}  // namespace lab::exits
