// SPDX-License-Identifier: MIT
// The guest's JSON of a snapshot. It comes from a guest: bounded and checked before it is believed.
#include <spdlog/fmt/fmt.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/error.hpp"
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

ReasonCount parse_entry(const json& entry) {
  if (!entry.is_array() || entry.size() < 2 || entry.size() > 3) {
    fail_snapshot("a reason is not [number, count, cycles]");
  }
  ReasonCount reason;
  reason.number = std::uint32_t(integer(entry[0], "a reason's number", u32_max));
  reason.exits = integer(entry[1], "a reason's count", u32_max);
  if (entry.size() == 3 && !entry[2].is_null()) {
    reason.cycles = integer(entry[2], "a reason's cycles", u64_max);
  }
  return reason;
}

std::vector<ReasonCount> parse_reasons(const json& list) {
  if (!list.is_array()) fail_snapshot("'reasons' is not a list");
  if (list.size() > reasons_limit) fail_snapshot("more than 1024 reasons");
  std::vector<ReasonCount> reasons;
  std::set<std::uint32_t> seen;
  for (const json& entry : list) {
    reasons.push_back(parse_entry(entry));
    if (!seen.insert(reasons.back().number).second) {
      fail_snapshot("reason " + std::to_string(reasons.back().number) + " comes twice");
    }
  }
  return reasons;
}

Snapshot from_object(const json& object) {
  if (!object.is_object()) fail_snapshot("not a JSON object");
  Snapshot snapshot;
  snapshot.start_total = member32(object, "start_total");
  snapshot.end_total = member32(object, "end_total");
  snapshot.own_exits = member32(object, "own_exits");
  snapshot.attempts = member32(object, "attempts");
  const json& clean = member(object, "clean");
  if (!clean.is_boolean()) fail_snapshot("'clean' is neither true nor false");
  snapshot.clean = clean.get<bool>();
  snapshot.total_cycles = integer(member(object, "total_cycles"), "'total_cycles'", u64_max);
  if (const auto reads = object.find("leaf_reads"); reads != object.end()) {
    snapshot.leaf_reads = integer(*reads, "'leaf_reads'", u64_max);
  }
  snapshot.reasons = parse_reasons(member(object, "reasons"));
  if (snapshot.own_exits != snapshot.reasons.size() + 1)
    fail_snapshot("'own_exits' is not reasons + 1");
  return snapshot;
}

}  // namespace

Snapshot parse_snapshot(std::string_view text) {
  if (text.size() > line_size_limit) fail_snapshot("longer than 128 KiB");
  const json object = json::parse(text, nullptr, false);
  if (object.is_discarded()) fail_snapshot("not JSON");
  return from_object(object);
}

std::string to_json(const Snapshot& snapshot) {
  json reasons = json::array();
  for (const ReasonCount& reason : snapshot.reasons) {
    json entry = {reason.number, reason.exits};
    if (reason.cycles) entry.push_back(*reason.cycles);
    reasons.push_back(std::move(entry));
  }
  json object = {{"start_total", snapshot.start_total},
                 {"end_total", snapshot.end_total},
                 {"own_exits", snapshot.own_exits},
                 {"attempts", snapshot.attempts},
                 {"clean", snapshot.clean},
                 {"total_cycles", snapshot.total_cycles},
                 {"reasons", std::move(reasons)}};
  if (snapshot.leaf_reads) object["leaf_reads"] = *snapshot.leaf_reads;
  return object.dump();
}

}  // namespace lab::exits
