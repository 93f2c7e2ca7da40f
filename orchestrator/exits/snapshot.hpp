// SPDX-License-Identifier: MIT
// What the guest's reader saw of its exit counts, and what happened between two readings.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/reasons/reasons.hpp"

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

// What the guest read of one exit number.
struct Reading {
  std::uint32_t number = 0;
  std::uint32_t latched = 0;          // the count at end_total, by KVM's own copy
  std::optional<std::uint32_t> read;  // what it was when it was read between the two totals
  std::optional<std::uint64_t> cycles;

  bool operator==(const Reading&) const = default;
};

// One reading in the guest, raw. Counts come from eax, so they are modulo 2^32.
// Read order: T (start_total), then c(n) for each of `readings` as listed (but for the last ones,
// whose first exit came only then), then T again (end_total), then the counts of that moment.
// Every read is itself a CPUID exit, counted before it answers.
struct Snapshot {
  std::uint32_t start_total = 0;
  std::uint32_t end_total = 0;
  std::uint32_t own_exits = 0;  // CPUID exits after T's read, up to and with T2's: reads + 1
  std::uint32_t attempts = 0;
  std::uint64_t total_cycles = 0;
  std::uint64_t leaf_reads = 0;  // of this snapshot up to end_total, the search included
  std::uint64_t late_reads = 0;  // and after it
  std::vector<Reading> readings;

  bool operator==(const Snapshot&) const = default;
};

// Counts as they stood at one moment.
struct Counts {
  std::uint64_t total = 0;
  std::uint64_t cycles = 0;
  std::vector<ReasonCount> reasons;  // sorted by number, no zero counts

  bool operator==(const Counts&) const = default;
};

using ByNumber = std::map<std::uint32_t, ReasonCount>;
ByNumber by_number(const Counts& counts);

// What came between a snapshot's two totals beside the reader's own reads. Each count that was read
// there lies between those at the two totals; all of them together lack no more exits of the second
// total than came.
struct Between {
  std::uint64_t exits = 0;         // how many
  std::vector<ReasonCount> later;  // of them, those after their own number's read
  std::string fault;               // "": the reads are possible; else what is not
};
Between between(const Snapshot& snapshot, Vendor vendor);

// " (NPF 2, INTR 1)", or nothing.
std::string in_words(const std::vector<ReasonCount>& reasons, Vendor vendor);

// The 64 bits of a count of which the guest saw the low 32: the value nearest to one that the host
// has of about the same moment (within 2^31 exits).
std::uint64_t nearest(std::uint32_t seen, std::uint64_t host);

// The counts as of end_total.
Counts counts_at_end(const Snapshot& snapshot);

// What happened in one step: after - before, both at their end_total. That includes what the two
// snapshots' own reading caused in between; `reader_exits` says how many exits (all CPUID) that
// was, and nothing is subtracted.
struct StepCounts {
  std::uint64_t exits = 0;
  std::uint64_t cycles = 0;
  std::vector<ReasonCount> reasons;  // sorted by number, no zero counts
  std::uint64_t reader_exits = 0;
  bool clean = true;  // nothing came between the reads of both snapshots

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
StepCounts step_counts(const std::optional<Snapshot>& before, const Snapshot& after,
                       const HostSides& host = {});

// The reader's JSON object S. Throws base::Error (infrastructure) on anything malformed: missing or
// negative values, out of range, twice the same number, more than 1024 reasons. Unknown members are
// ignored.
Snapshot snapshot_from(const nlohmann::json& object);

}  // namespace lab::exits
