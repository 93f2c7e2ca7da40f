// SPDX-License-Identifier: MIT
#include "orchestrator/store/store.hpp"

#include <random>

#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/store/generated.hpp"
#include "orchestrator/store/store_fixture.hpp"

namespace lab::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using StoreTest = StoreFixture;

std::vector<std::string> ids(const std::vector<record::Row>& rows) {
  std::vector<std::string> all;
  for (const record::Row& row : rows) all.push_back(row.id);
  return all;
}

TEST_F(StoreTest, KeepsRecords) {
  Store store(path());
  for (int i : {2, 0, 1}) store.insert(record::sample(i));
  EXPECT_THAT(store.list({}), ElementsAre(record::sample(0), record::sample(1), record::sample(2)));
  EXPECT_EQ(store.show(record::sample(1).id), record::sample(1));
  EXPECT_EQ(store.show("latest"), record::sample(2));
  EXPECT_EQ(store.show("20251121T034113"), record::sample(1));
  EXPECT_EQ(store.find(record::sample(1).id), record::sample(1));
  EXPECT_EQ(store.find("20251121T034113"), std::nullopt);
  EXPECT_THROW(store.show("2025"), base::Error);
  EXPECT_THROW(store.show(""), base::Error);
  EXPECT_THROW(store.show("x' OR '1'='1"), base::Error);
  EXPECT_THROW(store.insert(record::sample(1)), base::Error);
  EXPECT_EQ(store.remove({.ids = {record::sample(1).id}}), 1u);
  EXPECT_THROW(store.remove({.ids = {record::sample(1).id}}), base::Error);
  EXPECT_THAT(Store(path(), Store::Mode::read_only).rows({}), SizeIs(2));
}

TEST_F(StoreTest, RowsAndCountsAreTheRecords) {
  Store store(path());
  record::Record plain = record::sample(1);
  plain.run.clear();
  plain.steps.clear();
  plain.timeline.reset();
  plain.conditions["vcpus"] = "a\xff";
  store.insert(std::vector{record::sample(0), plain, record::sample(2)});
  const std::vector<record::Row> rows = store.rows({});
  const std::vector<record::TrialCounts> counts = store.counts({});
  const std::vector<record::Record> records = store.list({});
  ASSERT_THAT(rows, SizeIs(3));
  ASSERT_THAT(counts, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(rows[i], to_row(records[i]));
    EXPECT_EQ(counts[i], to_counts(records[i]));
  }
  EXPECT_EQ(rows[0].exits, UINT64_MAX);
  EXPECT_EQ(rows[1].exits, std::nullopt);
  EXPECT_EQ(counts[0].conditions, counts[2].conditions);  // the same object
  EXPECT_NE(*counts[0].conditions, *counts[1].conditions);
}

TEST_F(StoreTest, FiltersHoldTogether) {
  Store store(path());
  std::vector<record::Record> records;
  for (int i = 0; i < 6; ++i) {
    records.push_back(record::sample(i));
    records.back().scenario = i % 2 == 0 ? "even" : "odd";
    records.back().run = records[std::size_t(i) / 3 * 3].id;
  }
  store.insert(records);
  const auto id = [&](int i) { return records[std::size_t(i)].id; };
  const auto found = [&](const Store::Filter& filter) { return ids(store.rows(filter)); };
  EXPECT_THAT(found({.scenario = "even"}), ElementsAre(id(0), id(2), id(4)));
  EXPECT_THAT(found({.scenario = "even", .limit = 2}), ElementsAre(id(2), id(4)));
  EXPECT_THAT(found({.limit = 1}), ElementsAre(id(5)));
  EXPECT_THAT(found({.limit = 99}), SizeIs(6));
  EXPECT_THAT(found({.limit = SIZE_MAX}), SizeIs(6));
  EXPECT_THAT(found({.run = id(3).substr(0, 18)}), ElementsAre(id(3), id(4), id(5)));
  EXPECT_THAT(found({.run = "latest"}), ElementsAre(id(3), id(4), id(5)));
  EXPECT_THAT(found({.scenario = "odd", .run = id(0)}), ElementsAre(id(1)));
  EXPECT_THAT(found({.ids = {id(4), "latest", id(0)}}), ElementsAre(id(0), id(4), id(5)));
  EXPECT_THAT(found({.scenario = "odd", .ids = {id(4), id(1)}}), ElementsAre(id(1)));
  EXPECT_THAT(found({.scenario = "none"}), IsEmpty());
  EXPECT_THAT(found({.before = records[2].start_time}), ElementsAre(id(0), id(1)));
  EXPECT_THAT(error_of([&] { found({.run = "2025"}); }),
              HasSubstr("more than one run begins with"));
  EXPECT_THAT(error_of([&] { found({.run = "2026"}); }), HasSubstr("no run '2026' in store"));
  EXPECT_THAT(error_of([&] { found({.run = id(1)}); }), HasSubstr("no run"));
  EXPECT_THAT(error_of([&] { found({.ids = {"2025"}}); }), HasSubstr("more than one record"));
  EXPECT_THAT(error_of([&] { found({.ids = {""}}); }), HasSubstr("no record ''"));
}

TEST_F(StoreTest, RunsAreSummed) {
  Store store(path());
  EXPECT_THAT(store.runs(""), IsEmpty());
  record::Record old = record::sample(0), first = record::sample(1), second = record::sample(2),
                 last = record::sample(3);
  old.run.clear();
  second.run = first.run;
  second.scenario = "another";
  second.outcome = record::Outcome::failed;
  store.insert(std::vector{old, first, second, last});
  const record::RunInfo both{first.run, {"another", "boot-count"}, first.start_time, 2, 1};
  const record::RunInfo alone{last.run, {"boot-count"}, last.start_time, 1, 1};
  EXPECT_THAT(store.runs(""), ElementsAre(both, alone));
  EXPECT_THAT(store.runs("another"),
              ElementsAre(record::RunInfo{first.run, {"another"}, second.start_time, 1, 0}));
}

TEST_F(StoreTest, AllOrNothingIsInserted) {
  Store store(path());
  store.insert(record::sample(1));
  EXPECT_THAT(error_of([&] {
                store.insert(std::vector{record::sample(0), record::sample(1), record::sample(2)});
              }),
              HasSubstr("is there already"));
  int given = 0;
  const auto failing = [&]() -> std::optional<record::Record> {
    if (given == 3) throw base::user_error("no more");
    return record::sample(10 + given++);
  };
  EXPECT_EQ(error_of([&] { store.insert_all(failing); }), "no more");
  EXPECT_THAT(ids(store.rows({})), ElementsAre(record::sample(1).id));
}

TEST_F(StoreTest, RemovedRecordsLeaveNothing) {
  Store store(path());
  GeneratedRecords records(400, 60);
  std::vector<record::Record> all;
  for (int i = 0; i < 400; ++i) all.push_back(records.next());
  store.insert(all);
  EXPECT_EQ(store.remove(Store::Filter{.scenario = "none"}), 0u);
  EXPECT_EQ(store.remove(Store::Filter{.before = all[100].start_time}), 100u);
  EXPECT_EQ(store.remove(Store::Filter{.run = all[100].run}), 50u);
  EXPECT_EQ(store.rows({}).front().id, all[150].id);
  EXPECT_EQ(store.counts({}).front(), to_counts(all[150]));
  EXPECT_EQ(store.remove(Store::Filter{}), 250u);
  EXPECT_THAT(store.counts({}), IsEmpty());
  { const Store closing = std::move(store); }
  EXPECT_LT(std::filesystem::file_size(path()), 64u * 1024);
}

TEST_F(StoreTest, StoresAreMerged) {
  const std::string other_path = path() + ".other";
  Store store(path());
  record::Record changed = record::sample(3);
  changed.conditions["vcpus"] = "2";
  {
    Store other(other_path);
    other.insert(std::vector{record::sample(0), record::sample(2), changed});
    other.remove(
        {.ids = {record::sample(0).id}});  // so that their keys are not just those from 1 on
  }
  store.insert(record::sample(1));
  store.merge(other_path);
  EXPECT_THAT(store.list({}), ElementsAre(record::sample(1), record::sample(2), changed));
  const auto counts = store.counts({});
  EXPECT_EQ(counts[0].conditions, counts[1].conditions);
  EXPECT_EQ(counts[2], to_counts(changed));
  EXPECT_THAT(error_of([&] { store.merge(other_path); }), HasSubstr("nothing was changed"));
  EXPECT_THAT(store.rows({}), SizeIs(3));
  store.insert(record::sample(4));
  EXPECT_EQ(store.show("latest"), record::sample(4));
}

TEST_F(StoreTest, TrialTakesUnder64KiB) {
  record::Record record = record::sample();
  record.steps.resize(8, record.steps[0]);
  for (record::Step& step : record.steps) {
    step.reasons.resize(45, {0x400, "AVIC_UNACCELERATED_ACCESS", "page_fault", 1234567, 987654321});
    step.output.assign(16384, 'x');
    step.causes.clear();  // these have 64 KiB of their own
    step.causes_lost.clear();
  }
  record.console_tail.clear();
  Store store(path());
  const auto empty = std::filesystem::file_size(path());
  for (int i = 0; i < 20; ++i) {
    record.id = record::sample(i).id;
    store.insert(record);
  }
  { const Store closing = std::move(store); }  // writes the log into the file
  EXPECT_LT((std::filesystem::file_size(path()) - empty) / 20, 64u * 1024);
}

// Returns samples of a boot of a minute: a few reasons occur all the time, others now and then.
record::Timeline minute_of_samples() {
  record::Timeline timeline;
  std::mt19937 random(4);
  const std::vector<unsigned> most = {1800, 1500, 1000, 950, 600, 450, 180, 170, 90, 40};
  for (std::uint32_t i = 0; i < most.size(); ++i) timeline.numbers.push_back(i * 10);
  for (int i = 1; i <= 600; ++i) {
    record::Timeline::Sample sample{i * 0.1, {}};
    for (const unsigned value : most)
      sample.exits.push_back(random() % 3 == 0 ? random() % (value / 2) : random() % (value / 8));
    timeline.samples.push_back(sample);
  }
  return timeline;
}

TEST_F(StoreTest, TimelineOfAMinuteTakesUnder30KB) {
  record::Record record = record::sample();
  const auto fill = [&](int from) {
    Store store(path());
    for (int i = from; i < from + 20; ++i) {
      record.id = record::sample(i).id;
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

}  // namespace
}  // namespace lab::store
