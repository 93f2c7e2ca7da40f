// SPDX-License-Identifier: MIT
#include "orchestrator/record/record.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/record/store.hpp"

namespace lab::record {
namespace {

using testing::HasSubstr;

Record sample(int number = 0) {
  Record record;
  record.start_time = std::chrono::system_clock::time_point(
      std::chrono::milliseconds(1763696472123 + number * 1000));
  record.id = make_id(record.start_time, 0x3fa29c01);
  record.run = record.id;
  record.scenario = "boot-count";
  record.trial = "boot-count[paging=nested]#1";
  record.site = "svm";
  record.outcome = Outcome::passed;
  record.conditions = {{"site", "svm"}, {"emulated", "true"}, {"vcpus", "1"}};
  Step boot;
  boot.name = "boot";
  boot.begin = 0.25;
  boot.seconds = 66.25;
  boot.exits = UINT64_MAX;
  boot.cycles = 12345;
  boot.reader_exits = 1021;
  boot.reader_exits_complete = false;
  boot.clean = true;
  boot.reasons = {{0x7b, "IOIO", "io", UINT64_MAX, 99}, {0x400, "NPF", "page_fault", 7, {}}};
  Step idle;
  idle.name = "idle";
  idle.guest = 2;
  idle.view = View::host;
  idle.exit_code = 3;
  idle.output = "hello\n";
  record.steps = {boot, idle};
  record.checks = {{"sum of reasons = total: boot", true, 5, 5, "x"},
                   {"guest = host", false, 5, std::nullopt, ""}};
  record.host = {exits::Scope::host,
                 {UINT64_MAX, 5, 6, 1, 2},
                 3,
                 {{{9, 8, 7, 0, 1}, 0x72, "CPUID", 0, {{0, 1}, {63, UINT64_MAX}}}},
                 {{0, 1, 2, 3, 4, {}}, {1, 5, 6, 7, 8, {}}}};
  record.timeline = {{10, 48, 0xffffffff},
                     {{0.1, {0, 5, 0}}, {0.203, {0, 0, 0}}, {66.5, {7, 0, UINT64_MAX}}},
                     {{"start", 0}, {"kernel", 1.5}}};
  record.timings = {{"prepare", 1.5}, {"boot", 66.25}, {"a", 0.0}};
  record.message = "m";
  record.console_tail = "Kernel panic";
  return record;
}

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
           {"\"steps\":", "\"stops\":"},
           {"\"site\":\"svm\",\"repeat\"", "\"repeat\""},
           {"true,\"left\"", "1,\"left\""},
           {"66.25", "\"x\""},
           {"0.25", "-0.25"},
           {"\"guest\":2", "\"guest\":0"},
           {"\"view\":\"host\"", "\"view\":\"me\""},
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

TEST(Record, StepsAreNamedAndSorted) {
  const exits::StepCounts counts{10, 500, {{10, 3, 30}, {48, 7, {}}}, 2, true, true};
  const Step step = make_step("boot", exits::Vendor::vmx, counts);
  const Step fast = make_step("s", exits::Vendor::vmx, {3, 0, {{32, 3, 0}}, 0, true, true});
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

class StoreTest : public testing::Test {
 protected:
  std::string path() const { return (folder_.path() / "store.db").string(); }
  std::string error_of(Store::Mode mode = Store::Mode::read_write) const {
    try {
      Store(path(), mode).list();
      return "";
    } catch (const base::Error& error) {
      return error.what();
    }
  }

 private:
  base::TemporaryFolder folder_{testing::TempDir(), "store"};
};

TEST_F(StoreTest, KeepsRecords) {
  Store store(path());
  for (int i : {2, 0, 1}) store.insert(sample(i));
  const auto records = store.list();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].id, sample(0).id);
  EXPECT_EQ(records[0].console_tail, "");
  EXPECT_EQ(store.show(sample(1).id), sample(1));
  EXPECT_EQ(store.show("latest"), sample(2));
  EXPECT_EQ(store.show("20251121T034113"), sample(1));
  EXPECT_EQ(store.list({"other", 0}).size(), 0u);
  EXPECT_EQ(store.list({"boot-count", 2})[0].id, sample(1).id);
  EXPECT_THROW(store.show("2025"), base::Error);
  EXPECT_THROW(store.show(""), base::Error);
  EXPECT_THROW(store.show("x' OR '1'='1"), base::Error);
  EXPECT_THROW(store.insert(sample(1)), base::Error);
  EXPECT_TRUE(store.remove(sample(1).id));
  EXPECT_FALSE(store.remove(sample(1).id));
  EXPECT_EQ(Store(path(), Store::Mode::read_only).list().size(), 2u);
}

TEST_F(StoreTest, TrialTakesUnder64KiB) {
  Record record = sample();
  record.steps.resize(8, record.steps[0]);
  for (Step& step : record.steps) {
    step.reasons.resize(45, {0x400, "AVIC_UNACCELERATED_ACCESS", "page_fault", 1234567, 987654321});
    step.output.assign(16384, 'x');
  }
  record.console_tail.clear();
  Store store(path());
  const auto empty = std::filesystem::file_size(path());
  for (int i = 0; i < 20; ++i) {
    record.id = sample(i).id;
    store.insert(record);
  }
  { const Store closing = std::move(store); }  // writes the log into the file
  EXPECT_LT((std::filesystem::file_size(path()) - empty) / 20, 64u * 1024);
}

// A boot of a minute as samples see it: a few reasons all along, others now and then.
Timeline minute_of_samples() {
  Timeline timeline;
  std::mt19937 random(4);
  const std::vector<unsigned> most = {1800, 1500, 1000, 950, 600, 450, 180, 170, 90, 40};
  for (std::uint32_t i = 0; i < most.size(); ++i) timeline.numbers.push_back(i * 10);
  for (int i = 1; i <= 600; ++i) {
    Timeline::Sample sample{i * 0.1, {}};
    for (const unsigned value : most)
      sample.exits.push_back(random() % 3 == 0 ? random() % (value / 2) : random() % (value / 8));
    timeline.samples.push_back(sample);
  }
  return timeline;
}

TEST_F(StoreTest, TimelineOfAMinuteTakesUnder30KB) {
  Record record = sample();
  const auto fill = [&](int from) {
    Store store(path());
    for (int i = from; i < from + 20; ++i) {
      record.id = sample(i).id;
      store.insert(record);
    }
  };
  const auto size = [&] { return std::filesystem::file_size(path()); };
  record.timeline.reset();
  fill(0);
  const auto without = size();
  record.timeline = minute_of_samples();
  fill(100);
  const auto bytes = (size() - without) / 20;
  RecordProperty("bytes", int(bytes));
  EXPECT_LT(bytes, 30'000u);
}

TEST_F(StoreTest, WritersTakeTurnsFromTheFirstMomentOn) {
  for (int round = 0; round < 10; ++round) {
    const std::string file = path() + std::to_string(round);
    const auto write = [&](int from) {
      Store store(file);
      for (int i = from; i < from + 5; ++i) store.insert(sample(i));
    };
    std::thread first(write, 0), second(write, 100), third(write, 200);
    first.join();
    second.join();
    third.join();
    EXPECT_EQ(Store(file).list().size(), 15u);
  }
}

TEST_F(StoreTest, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(error_of(Store::Mode::read_only), HasSubstr("cannot be opened"));
  std::ofstream(path()) << std::string(5000, 'x');
  EXPECT_THAT(error_of(), HasSubstr("not a store of lab"));
  EXPECT_THAT(error_of(Store::Mode::read_only), HasSubstr("not a store of lab"));
  try {
    Store("/nonexistent/store.db");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
  }
}

// Writes over the file's bytes at `offset`, behind SQLite's back.
void overwrite(const std::string& path, long offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

TEST_F(StoreTest, RefusesNewerForeignAndDamagedStores) {
  { Store(path()).insert(sample()); }
  overwrite(path(), 60, std::string("\0\0\0\7", 4));  // user_version in SQLite's header
  EXPECT_THAT(error_of(), HasSubstr("newer lab (version 7, this one knows 1)"));
  overwrite(path(), 60, std::string("\0\0\0\1", 4));
  EXPECT_EQ(error_of(), "");
  overwrite(path(), 68, std::string("\0\0\0\0", 4));  // application_id
  EXPECT_THAT(error_of(), HasSubstr("not a store of lab"));
  overwrite(path(), 68, "labs");
  overwrite(path(), 4096, std::string(8192, '\xff'));
  EXPECT_THAT(error_of(), HasSubstr("damaged"));
}

TEST_F(StoreTest, ReadOnlyPlaceCanBeReadButNotWritten) {
  { Store(path()).insert(sample()); }
  const auto folder = std::filesystem::path(path()).parent_path();
  std::filesystem::permissions(path(), std::filesystem::perms(0444));
  std::filesystem::permissions(folder, std::filesystem::perms(0555));
  // Root may write everywhere, so for a moment be nobody.
  const bool was_root = geteuid() == 0;
  if (was_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  EXPECT_EQ(Store(path(), Store::Mode::read_only).list().size(), 1u);
  EXPECT_THAT(error_of(Store::Mode::read_write), HasSubstr("cannot be written"));
  if (was_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  std::filesystem::permissions(folder, std::filesystem::perms(0755));
}

}  // namespace
}  // namespace lab::record
