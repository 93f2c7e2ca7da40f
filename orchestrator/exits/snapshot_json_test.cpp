// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/exits/checks.hpp"
#include "orchestrator/exits/replaced_test.hpp"
#include "orchestrator/exits/snapshot.hpp"

namespace lab::exits {
namespace {

using nlohmann::json;

Snapshot parse_snapshot(const std::string& text) {
  const auto object = base::try_parse_json(text, {.depth = 4});
  if (!object) throw base::infrastructure_error("not JSON");
  return snapshot_from(*object);
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

const std::string good =
    R"({"start_total":7,"end_total":10,"own_exits":3,"attempts":2,)"
    R"("total_cycles":18446744073709551615,"leaf_reads":77,"late_reads":9,)"
    R"("reasons":[[10,5,4,9],[1,4294967295,4294967294,null],[48,2,null,6]],"new":1})";

TEST(SnapshotJson, ReadsAndWrites) {
  const Snapshot snapshot = parse_snapshot(good);
  EXPECT_EQ(snapshot.total_cycles, UINT64_MAX);
  EXPECT_EQ(snapshot.leaf_reads, 77u);
  EXPECT_EQ(snapshot.late_reads, 9u);
  EXPECT_THAT(
      snapshot.readings,
      testing::ElementsAre(Reading{10, 5, 4, 9}, Reading{1, 4294967295, 4294967294, std::nullopt},
                           Reading{48, 2, std::nullopt, 6}));
  EXPECT_EQ(parse_snapshot(to_json(snapshot)), snapshot);
}

TEST(SnapshotJson, RefusesNonsense) {
  std::string many = "[0,1,1,1]";
  for (int i = 1; i < 1025; ++i) many += ",[" + std::to_string(i) + ",1,1,1]";
  const std::vector<std::string> bad = {
      "",
      "[]",
      "null",
      "{}",
      good.substr(1),
      std::string(200000, ' '),
      replaced(good, "7", "-7"),
      replaced(good, "7", "7.0"),
      replaced(good, "7", "4294967296"),
      replaced(good, "7", "\"7\""),
      replaced(good, "\"leaf_reads\":77,", ""),
      replaced(good, "77", "true"),
      replaced(good, ":3", ":4"),
      replaced(good, "18446744073709551615", "18446744073709551616"),
      replaced(good, "[1,", "[10,"),
      replaced(good, "[1,", "[1,1,1,"),
      replaced(good, "[10,5,4,9]", "5"),
      replaced(good, "[10,5,4,9]", "[10,5]"),
      replaced(good, "null,6", "0,6"),
      replaced(good, "4294967295", "4294967296"),
      replaced(good, "4294967294", "4294967296"),
      replaced(replaced(good, "[10,5,4,9],[1,4294967295,4294967294,null],[48,2,null,6]", many),
               ":3", ":1026"),
      std::string(100000, '[')};
  for (const std::string& text : bad) {
    EXPECT_THROW(parse_snapshot(text), base::Error) << text.substr(0, 200);
  }
}

TEST(SnapshotJson, SurvivesRandomMutations) {
  std::mt19937 random(1);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (int i = 0, n = 1 + int(random() % 4); i < n; ++i) {
      const std::size_t at = random() % text.size();
      if (random() % 3) {
        text[at] = char(random());
      } else {
        text = random() % 2 ? text.substr(0, at + 1) : text.insert(at, text.substr(at, 9));
      }
    }
    try {
      const Snapshot snapshot = parse_snapshot(text);
      EXPECT_EQ(parse_snapshot(to_json(snapshot)), snapshot);
      counts_at_end(snapshot);
      between(snapshot, Vendor::svm);
      ++accepted;
    } catch (const base::Error&) {
    }
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace lab::exits
