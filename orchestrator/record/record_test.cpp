// SPDX-License-Identifier: MIT
#include "orchestrator/record/record.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/sample_record.hpp"

namespace lab::record {
namespace {

using testing::HasSubstr;

TEST(Record, IdsSortByTime) {
  EXPECT_EQ(sample().id, "20251121T034112.123Z-3fa29c01");
  EXPECT_LT(sample(1).id, sample(2).id);
  EXPECT_EQ(format_time(sample().start_time), "2025-11-21T03:41:12.123Z");
}

TEST(Record, SurvivesItsJson) {
  const Record record = sample();
  EXPECT_EQ(from_json(to_json(record)), record);
  const std::vector<Record> records = {record, sample(1)};
  EXPECT_EQ(from_document(to_document(records)), records);
  EXPECT_EQ(to_json(record).find('\n'), std::string::npos);
}

// The record keeps the plan for running the trial again; scripts' JSON does not contain it.
TEST(Record, KeepsItsPlan) {
  Record record = sample();
  record.plan = R"({"version":2,"settings":{"image":"tiny"},"steps":[]})";
  EXPECT_EQ(from_json(to_json(record)), record);
  const std::vector<Record> records = {record};
  EXPECT_EQ(to_document(records).find("tiny\"},\"steps"), std::string::npos);
}

TEST(Record, TimelineIsCompact) {
  const auto json = nlohmann::json::parse(to_json(sample()))["timeline"];
  EXPECT_EQ(json["milliseconds"], nlohmann::json::parse("[100, 103, 66297]"));
  EXPECT_EQ(json["exits"], nlohmann::json::parse("[[-2, 7], [5], [-2, 18446744073709551615]]"));
  EXPECT_EQ(json["milestones"][1]["seconds"], 1.5);
  const std::vector<Record> records = {sample()};
  EXPECT_THAT(to_document(records), HasSubstr("\"milliseconds\":[100,103,66297]"));
}

TEST(Record, MalformedTimelineIsAnError) {
  const auto with = [](const std::string& field, const std::string& value) {
    auto json = nlohmann::json::parse(to_json(sample()));
    json["timeline"][field] = nlohmann::json::parse(value);
    return json.dump();
  };
  for (const auto& [field, value] : std::vector<std::pair<std::string, std::string>>{
           {"milliseconds", "[100, -1, 5]"},
           {"milliseconds", "[100]"},
           {"milliseconds", "[9e99, 1, 1]"},
           {"milliseconds", nlohmann::json(std::vector<int>(6001, 1)).dump()},
           {"numbers", "[48, 10, 99]"},
           {"numbers", "[10, 48]"},
           {"exits", "[[1, 2, 3, 4], [], []]"},
           {"exits", "[[-4], [], []]"},
           {"exits", "[[-9223372036854775808], [], []]"},
           {"exits", "[[1.5], [], []]"},
           {"exits", "[[1], []]"},
           {"exits", "[1, 2, 3]"},
           {"milestones", "[{\"name\": \"b\", \"seconds\": 2}, {\"name\": \"a\", \"seconds\": 1}]"},
           {"milestones", "[{\"name\": \"b\", \"seconds\": -2}]"}}) {
    EXPECT_THROW(from_json(with(field, value)), base::Error) << field << " " << value;
  }
  EXPECT_NO_THROW(from_json(with("exits", "[[-3], [], [0, 1, 2]]")));
}

TEST(Record, OldRecordsHaveNeitherGuestNorTimeline) {
  auto json = nlohmann::json::parse(to_json(sample()));
  json.erase("timeline");
  for (auto& step : json["steps"])
    for (const char* field : {"guest", "view", "begin", "seconds"}) step.erase(field);
  const Record record = from_json(json.dump());
  EXPECT_EQ(record.steps[1].guest, 1u);
  EXPECT_EQ(record.steps[1].view, View::guest);
  EXPECT_EQ(record.steps[0].seconds, std::nullopt);
  EXPECT_EQ(record.timeline, std::nullopt);
}

TEST(Record, RelationsStandBesideTheTrials) {
  const std::vector<RelationResult> relations = {
      {.scenario = "paging", .text = "NPF of boot: a=1 / a=2", .ok = false, .left = 1.5, .max = 1}};
  const std::vector<Record> records = {sample(), sample(1)};
  const auto document = nlohmann::json::parse(to_document(records, relations));
  EXPECT_EQ(document["relations"][0]["ok"], false);
  EXPECT_EQ(document["relations"][0]["left"], 1.5);
  EXPECT_FALSE(document["relations"][0].contains("ratio"));
  EXPECT_EQ(document["trials"].size(), 2u);
  EXPECT_EQ(from_document(to_document(records, relations)), records);
  EXPECT_FALSE(nlohmann::json::parse(to_document(records)).contains("relations"));
}

TEST(Record, HostsViewIsKeptWithoutItsLatch) {
  exits::HostStats stats;
  stats.vendor = exits::Vendor::svm;
  stats.total.exits = 12;
  stats.failed_entries = 1;
  stats.reasons = {{{.exits = 3}, 0x400, "npf", 2, {}}, {{.exits = 9}, 0x72, "cpuid", 5, {{4, 9}}}};
  stats.by_vcpu = {{0, 12, 0, 0, 12, {{0x72, {}}}}};
  const Host host = make_host(stats);
  EXPECT_EQ(host.total.exits, 12u);
  ASSERT_EQ(host.reasons.size(), 2u);
  EXPECT_EQ(host.reasons[0].name, "CPUID");
  EXPECT_EQ(host.reasons[0].latched, 0u);
  EXPECT_EQ(host.reasons[0].histogram.at(4), 9u);
  EXPECT_TRUE(host.vcpus.at(0).reasons.empty());
}

TEST(Record, JsonHasTheNamesThatScriptsRelyOn) {
  const std::vector<Record> records = {sample()};
  const auto document = nlohmann::json::parse(to_document(records));
  EXPECT_EQ(document["schema"], 1);
  const auto& trial = document["trials"][0];
  EXPECT_EQ(trial["scenario"], "boot-count");
  EXPECT_EQ(trial["site"], "svm");
  EXPECT_EQ(trial["outcome"], "passed");
  EXPECT_EQ(trial["conditions"]["vcpus"], "1");
  EXPECT_EQ(trial["steps"][0]["exits"], UINT64_MAX);
  const auto& reason = trial["steps"][0]["reasons"][0];
  EXPECT_EQ(trial["host"]["failed_entries"], 3);
  EXPECT_EQ(trial["host"]["to_entry_cycles"], 6);
  EXPECT_EQ(trial["host"]["reasons"][0]["cycles_log2"]["63"], UINT64_MAX);
  EXPECT_EQ(trial["host"]["vcpus"][1]["kvm_exits"], 8);
  EXPECT_EQ(reason["number"], 0x7b);
  EXPECT_EQ(reason["name"], "IOIO");
  EXPECT_EQ(reason["category"], "io");
  EXPECT_EQ(reason["exits"], UINT64_MAX);
  EXPECT_EQ(reason["cycles"], 99);
  EXPECT_FALSE(trial["steps"][1].contains("exits"));  // missing is absent
  EXPECT_FALSE(trial["steps"][0]["reasons"][1].contains("cycles"));
  EXPECT_EQ(trial["checks"][0]["left"], 5);
  EXPECT_FALSE(trial["checks"][1].contains("right"));
  EXPECT_EQ(trial["timings"]["boot"], 66.25);
  EXPECT_EQ(trial["console_tail"], "Kernel panic");
}

TEST(Phases, AreFoundAgainByTheirKeys) {
  const std::vector<std::string> steps = {"boot", "idle", "trial", "start"};
  using Kind = Phase::Kind;
  for (const Phase& phase : std::vector<Phase>{{Kind::other, "injecting the reader"},
                                               {Kind::outer_vm},
                                               {Kind::start},
                                               {Kind::step, "start"},
                                               {Kind::step, "boot"},
                                               {Kind::step, "idle"},
                                               {Kind::step, "trial"},
                                               {Kind::trial}})
    EXPECT_EQ(phase_of_key(timing_key(phase), steps), phase) << in_words(phase);
  EXPECT_EQ(timing_key({Kind::step, "idle"}), "idle");
  EXPECT_EQ(timing_key({Kind::self_check}), "self-check");
}

TEST(Phases, OfATrialTheWholeIsItsSeconds) {
  using Kind = Phase::Kind;
  Timings timings = {{{Kind::outer_vm}, 4},
                     {{Kind::modules}, 0.5},
                     {{Kind::start}, 1},
                     {{Kind::step, "boot"}, 7},
                     {{Kind::step, "trial"}, 2}};
  EXPECT_EQ(trial_seconds(timings), 10);
  timings.push_back({{Kind::trial}, 11.1});
  EXPECT_EQ(trial_seconds(timings), 11.1);
}

TEST(Record, GuestsBytesDoNotBreakTheJson) {
  Record record = sample();
  record.steps[1].output = std::string("a\xff\0b", 4);
  record.console_tail = "\xf0\x28 \x1b[31m";
  const Record back = from_json(to_json(record));
  EXPECT_EQ(back.steps[1].output, std::string("a\xef\xbf\xbd\0b", 6));
}

TEST(Record, MalformedJsonIsAnError) {
  const std::string good = to_json(sample());
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"passed\"", "\"great\""},
           {"12345", "-1"},
           {"12345", "1.5"},
           {"\"exit_code\":3", "\"exit_code\":256"},
           {"2025-11-21T", "2025-13-21T"},
           {"2025-11-21T", "2262-11-21T"},
           {"\"steps\":", "\"stops\":"},
           {"\"site\":\"svm\",\"repeat\"", "\"repeat\""},
           {"true,\"left\"", "1,\"left\""},
           {"66.25", "\"x\""},
           {"0.25", "-0.25"},
           {"\"guest\":2", "\"guest\":0"},
           {"\"view\":\"host\"", "\"view\":\"me\""},
           {"\"scope\":\"host\"", "\"scope\":\"all\""},
           {"\"number\":123", "\"number\":4294967419"},
           {"\"vcpus\":\"1\"", "\"vcpus\":1"},
           {"{\"id\"", "[{\"id\""}}) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    EXPECT_THROW(from_json(bad.replace(bad.find(from), from.size(), to)), base::Error) << from;
  }
  EXPECT_THROW(from_document("{\"schema\":2,\"trials\":[]}"), base::Error);
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = char(random());
    try {
      to_json(from_json(text));
    } catch (const base::Error&) {
    }
  }
}

// Another person's file may have more than any trial: that would cost hours or all memory later.
TEST(Record, MoreThanATrialHasIsRefused) {
  const auto cause = [](const auto& change) {
    nlohmann::ordered_json object = nlohmann::ordered_json::parse(to_json(sample()));
    change(object);
    try {
      from_json(object.dump());
      return std::string();
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(cause([](auto&) {}), "");
  EXPECT_THAT(cause([](auto& object) { object["timings"]["trial"] = -1; }), HasSubstr("timings"));
  EXPECT_THAT(cause([](auto& object) { object["timings"]["trial"] = 1e300; }),
              HasSubstr("timings"));
  EXPECT_THAT(cause([](auto& object) {
                auto& reasons = object["steps"][0]["reasons"];
                const auto reason = reasons[0];
                for (int i = 0; i < 1024; ++i) reasons.push_back(reason);
              }),
              HasSubstr("'reasons' has more than 1024 entries"));
  EXPECT_THAT(cause([](auto& object) {
                auto& reasons = object["host"]["reasons"];
                const auto reason = reasons[0];
                for (int i = 0; i < 1024; ++i) reasons.push_back(reason);
              }),
              HasSubstr("'reasons' has more than 1024 entries"));
  EXPECT_THAT(cause([](auto& object) {
                for (int i = 0; i < 1025; ++i) object["conditions"]["c" + std::to_string(i)] = "";
              }),
              HasSubstr("more than 1024 members of a map"));
  EXPECT_THAT(cause([](auto& object) {
                const auto step = object["steps"][1];
                for (int i = 0; i < 1025; ++i) {
                  object["steps"].push_back(step);
                  object["steps"].back()["name"] = "s" + std::to_string(i);
                }
              }),
              HasSubstr("more than 1024 names of steps"));
}

// Builds the JSON as text, as adding so many values one by one would take long.
TEST(Record, MoreStepsChecksAndProcessorsThanAnyTrialHasAreRefused) {
  const std::string good = to_json(sample());
  const auto cause = [&](const std::string& list, const std::string& entry, std::size_t times) {
    const std::string begin = "\"" + list + "\":[";
    std::string more = begin;
    for (std::size_t i = 0; i < times; ++i) more += entry + ",";
    std::string text = good;
    text.replace(text.rfind(begin), begin.size(), more);
    try {
      from_json(text);
      return std::string();
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT([] { from_json(std::string((64u << 20) + 1, ' ')); },
              testing::ThrowsMessage<base::Error>(HasSubstr("more than 67108864 bytes")));
  EXPECT_EQ(cause("steps", R"({"name":"boot","reasons":[]})", 1), "");
  EXPECT_THAT(cause("steps", R"({"name":"boot","reasons":[]})", 1u << 16),
              HasSubstr("'steps' has more than 65536 entries"));
  EXPECT_THAT(cause("checks", R"({"name":"c","ok":true})", 1u << 18),
              HasSubstr("'checks' has more than 262144 entries"));
  EXPECT_THAT(cause("vcpus", R"({"id":0})", 1u << 16),
              HasSubstr("'vcpus' has more than 65536 entries"));
  EXPECT_THAT(cause("steps", R"({"name":"boot","reasons":[],"guest":1025})", 1),
              HasSubstr("'guest' is not a whole number in range"));
}

// The record's text is a MiB of nested lists.
TEST(Record, DeeplyNestedJsonIsAnError) {
  EXPECT_THROW(from_json("{\"conditions\":" + std::string(1'000'000, '[')), base::Error);
}

TEST(Record, StepsAreNamedAndSorted) {
  const exits::StepCounts counts{10, 500, {{10, 3, 30}, {48, 7, {}}}, 2, true};
  const Step step = make_step("boot", exits::Vendor::vmx, counts);
  const Step fast = make_step("s", exits::Vendor::vmx, {3, 0, {{32, 3, 0}}, 0, true});
  EXPECT_EQ(fast.reasons.at(0).cycles, std::nullopt);
  EXPECT_EQ(step.exits, 10u);
  EXPECT_EQ(step.reader_exits, 2u);
  EXPECT_THAT(step.reasons,
              testing::ElementsAre(Reason{48, "EPT_VIOLATION", "page_fault", 7, std::nullopt},
                                   Reason{10, "CPUID", "cpuid", 3, 30}));
}

TEST(Record, OutcomesHaveNames) {
  for (int i = 0; i < 7; ++i) EXPECT_EQ(parse_outcome(to_string(Outcome(i))), Outcome(i));
  EXPECT_EQ(parse_outcome(""), std::nullopt);
}

}  // namespace
}  // namespace lab::record
