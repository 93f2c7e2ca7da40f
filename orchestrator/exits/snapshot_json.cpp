// SPDX-License-Identifier: MIT
// The guest's JSON of a snapshot. It comes from a guest: bounded and checked before it is believed.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {
namespace {

using nlohmann::json;

constexpr std::size_t line_size_limit = 128 * 1024;  // the reader's longest line
constexpr std::size_t reasons_limit = 1024;
constexpr std::uint64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

[[noreturn]] void fail_snapshot(const std::string& cause) {
  throw base::infrastructure_error("guest's snapshot: " + cause);
}

// By fmt: adding strings here sets off g++ 12's false -Wrestrict (GCC bug 105651).
std::string in_quotes(const char* name) {
  return fmt::format("'{}'", name);
}

std::uint64_t integer(const json& value, const std::string& what, std::uint64_t max) {
  // number_unsigned: no fraction, no sign, below 2^64.
  if (!value.is_number_unsigned()) fail_snapshot(what + " is not a whole number");
  const auto number = value.get<std::uint64_t>();
  if (number > max) fail_snapshot(what + " is larger than " + std::to_string(max));
  return number;
}

const json& member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) fail_snapshot(in_quotes(name) + " is missing");
  return *found;
}

std::uint32_t member32(const json& object, const char* name) {
  return std::uint32_t(integer(member(object, name), in_quotes(name), u32_max));
}

Reading parse_entry(const json& entry) {
  if (!entry.is_array() || entry.size() < 3 || entry.size() > 4) {
    fail_snapshot("a reason is not [number, count at the end, count read, cycles]");
  }
  Reading reading;
  reading.number = std::uint32_t(integer(entry[0], "a reason's number", u32_max));
  reading.latched = std::uint32_t(integer(entry[1], "a reason's count", u32_max));
  if (!entry[2].is_null())
    reading.read = std::uint32_t(integer(entry[2], "a reason's count read", u32_max));
  if (entry.size() == 4 && !entry[3].is_null()) {
    reading.cycles = integer(entry[3], "a reason's cycles", u64_max);
  }
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

Snapshot from_object(const json& object) {
  if (!object.is_object()) fail_snapshot("not a JSON object");
  Snapshot snapshot;
  snapshot.start_total = member32(object, "start_total");
  snapshot.end_total = member32(object, "end_total");
  snapshot.own_exits = member32(object, "own_exits");
  snapshot.attempts = member32(object, "attempts");
  snapshot.total_cycles = integer(member(object, "total_cycles"), "'total_cycles'", u64_max);
  snapshot.leaf_reads = integer(member(object, "leaf_reads"), "'leaf_reads'", u32_max);
  snapshot.late_reads = integer(member(object, "late_reads"), "'late_reads'", u32_max);
  snapshot.readings = parse_readings(member(object, "reasons"));
  const auto reads = std::ranges::count_if(
      snapshot.readings, [](const Reading& reading) { return reading.read.has_value(); });
  if (snapshot.own_exits != reads + 1) fail_snapshot("'own_exits' is not the counts read + 1");
  return snapshot;
}

}  // namespace

Snapshot parse_snapshot(std::string_view text) {
  if (text.size() > line_size_limit) fail_snapshot("longer than 128 KiB");
  const auto object = base::try_parse_json(text, {.depth = 4});
  if (!object) fail_snapshot("not JSON");
  return from_object(*object);
}

std::string to_json(const Snapshot& snapshot) {
  json reasons = json::array();
  for (const Reading& reading : snapshot.readings) {
    json entry = {reading.number, reading.latched, reading.read ? json(*reading.read) : json()};
    if (reading.cycles) entry.push_back(*reading.cycles);
    reasons.push_back(std::move(entry));
  }
  const json object = {{"start_total", snapshot.start_total},   {"end_total", snapshot.end_total},
                       {"own_exits", snapshot.own_exits},       {"attempts", snapshot.attempts},
                       {"total_cycles", snapshot.total_cycles}, {"leaf_reads", snapshot.leaf_reads},
                       {"late_reads", snapshot.late_reads},     {"reasons", std::move(reasons)}};
  return object.dump();
}

}  // namespace lab::exits
