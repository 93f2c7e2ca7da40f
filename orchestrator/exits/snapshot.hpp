// SPDX-License-Identifier: MIT
// Contains the counts that the guest's reader read, and computes the exits between two readings.
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

// Returns a count as the guest sees it: eax has 32 bits.
inline std::uint32_t wrapped(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

// Contains what the guest read of one exit number.
struct Reading {
  std::uint32_t number = 0;
  std::uint32_t latched = 0;          // the count at end_total, by KVM's own copy
  std::optional<std::uint32_t> read;  // the count as read between the two totals
  std::optional<std::uint64_t> cycles;

  bool operator==(const Reading&) const = default;
};

// Is one raw reading in the guest. Counts come from eax, so they are modulo 2^32. The reader reads
// T (start_total), then c(n) for each of `readings` as listed (except the last ones, whose first
// exit came only then), then T again (end_total), then the counts of that moment. Every read is
// itself a CPUID exit, counted before it answers.
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

// Contains the counts at one moment.
struct Counts {
  std::uint64_t total = 0;
  std::uint64_t cycles = 0;
  std::vector<ReasonCount> reasons;  // sorted by number, no zero counts

  bool operator==(const Counts&) const = default;
};

using ByNumber = std::map<std::uint32_t, ReasonCount>;
ByNumber by_number(const Counts& counts);

// Describes the exits between a snapshot's two totals, besides the reader's own reads. Each count
// read there must lie between those at the two totals; together they can lack no more exits of the
// second total than came.
struct Between {
  std::uint64_t exits = 0;         // how many
  std::vector<ReasonCount> later;  // of them, those after their own number's read
  std::string fault;               // "": the reads are possible; else what is impossible
};
Between between(const Snapshot& snapshot, Vendor vendor);

// Returns " (NPF 2, INTR 1)", or "" without reasons.
std::string in_words(const std::vector<ReasonCount>& reasons, Vendor vendor);

// Returns the 64-bit count whose low 32 bits the guest saw: the value nearest to the host's count
// of about the same moment (within 2^31 exits).
std::uint64_t nearest(std::uint32_t seen, std::uint64_t host);

// Returns the counts as of end_total.
Counts counts_at_end(const Snapshot& snapshot);

// Contains the exits of one step: after - before, both at their end_total. That includes the exits
// of the two snapshots' own reading in between; `reader_exits` counts them (all CPUID), and nothing
// is subtracted.
struct StepCounts {
  std::uint64_t exits = 0;
  std::uint64_t cycles = 0;
  std::vector<ReasonCount> reasons;  // sorted by number, no zero counts
  std::uint64_t reader_exits = 0;
  bool clean = true;  // nothing came between the reads of both snapshots

  bool operator==(const StepCounts&) const = default;
};

// Returns the exits between two readings. A count that shrank has wrapped at 32 bits, as the
// guest's do; the host's 64-bit counts never shrink.
StepCounts counts_between(const Counts& before, const Counts& after);

// Contains the host's 64-bit counts of about the moments of the two snapshots.
struct HostSides {
  Counts before;  // without a `before` snapshot: exactly at the step's beginning
  Counts after;
};

// Without `before` returns everything since the guest was created (the boot step), from host.before
// on, which is 0 unless the modules preset the counts. The guest's counts alone are modulo 2^32;
// the host's counts extend them to 64 bits.
StepCounts step_counts(const std::optional<Snapshot>& before, const Snapshot& after,
                       const HostSides& host = {});

// Reads the reader's JSON object S. Throws an infrastructure error on anything malformed: values
// that are missing, negative or out of range, the same number twice, more than 1024 reasons.
// Ignores unknown members.
Snapshot snapshot_from(const nlohmann::json& object);

}  // namespace lab::exits
