// SPDX-License-Identifier: MIT
// Reads the guest's JSON of a snapshot. A guest is not trusted, so sizes and values are checked.
#include "orchestrator/exits/snapshot.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::exits {
namespace {

using nlohmann::json;

constexpr std::size_t reasons_limit = 1024;

[[noreturn]] void fail_snapshot(const std::string& cause) {
  throw base::infrastructure_error("guest's snapshot: " + cause);
}

std::uint32_t number_in(const json& object, const char* name) {
  return base::field<std::uint32_t>(object, name);
}

Reading parse_entry(const json& entry) {
  if (!entry.is_array() || entry.size() < 3 || entry.size() > 4) {
    fail_snapshot("a reason is not [number, count at the end, count read, cycles]");
  }
  Reading reading;
  const auto at = [&](std::size_t place, const char* name) {
    return std::uint32_t(base::whole_number(entry[place], name, 0, UINT32_MAX));
  };
  reading.number = at(0, "a reason's number");
  reading.latched = at(1, "a reason's count");
  if (!entry[2].is_null()) reading.read = at(2, "a reason's count read");
  if (entry.size() == 4 && !entry[3].is_null())
    reading.cycles = base::whole_number(entry[3], "a reason's cycles", 0, UINT64_MAX);
  return reading;
}

std::vector<Reading> parse_readings(const json& list) {
  if (!list.is_array()) fail_snapshot("'reasons' is not a list");
  if (list.size() > reasons_limit) fail_snapshot("more than 1024 reasons");
  std::vector<Reading> readings;
  std::set<std::uint32_t> seen;
  for (const json& entry : list) {
    readings.push_back(parse_entry(entry));
    if (!seen.insert(readings.back().number).second) {
      fail_snapshot("reason " + std::to_string(readings.back().number) + " comes twice");
    }
  }
  return readings;
}

Snapshot read_snapshot(const json& object) {
  Snapshot snapshot;
  snapshot.start_total = number_in(object, "start_total");
  snapshot.end_total = number_in(object, "end_total");
  snapshot.own_exits = number_in(object, "own_exits");
  snapshot.attempts = number_in(object, "attempts");
  snapshot.total_cycles = base::field<std::uint64_t>(object, "total_cycles");
  snapshot.leaf_reads = number_in(object, "leaf_reads");
  snapshot.late_reads = number_in(object, "late_reads");
  snapshot.readings = parse_readings(base::need(object, "reasons"));
  const auto reads = std::ranges::count_if(
      snapshot.readings, [](const Reading& reading) { return reading.read.has_value(); });
  if (snapshot.own_exits != reads + 1) fail_snapshot("'own_exits' is not the counts read + 1");
  return snapshot;
}

}  // namespace

Snapshot snapshot_from(const json& object) {
  try {
    return read_snapshot(object);
  } catch (const json::exception& error) {
    fail_snapshot(error.what());
  }
}

}  // namespace lab::exits
