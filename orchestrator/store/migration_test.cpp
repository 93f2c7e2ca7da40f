// SPDX-License-Identifier: MIT
// Tests stores of earlier labs. Each version has one such test: it makes a file with that version's
// tables, word for word as that lab did, and never changes again.
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/store/store_fixture.hpp"

namespace lab::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

const char* const version_1 = R"(
  PRAGMA journal_mode=WAL;
  CREATE TABLE trial(
    id TEXT PRIMARY KEY,
    scenario TEXT NOT NULL,
    trial TEXT NOT NULL,
    outcome TEXT NOT NULL,
    start_time TEXT NOT NULL,
    body TEXT NOT NULL,
    console TEXT NOT NULL
  ) STRICT;
  CREATE INDEX trial_scenario ON trial(scenario, id);
  PRAGMA application_id=1818321523;
  PRAGMA user_version=1;
)";

class Migration : public StoreFixture {
 protected:
  // Returns a record like that lab's, without a run.
  static record::Record old_record(int number) {
    record::Record record = record::sample(number);
    record.run.clear();
    return record;
  }

  void make_version_1(const std::vector<record::Record>& records) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, version_1, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(database, "INSERT INTO trial VALUES(?, ?, ?, ?, ?, ?, ?)", -1, &insert,
                       nullptr);
    for (const record::Record& record : records) {
      record::Record body = record;
      body.console_tail.clear();
      const std::string values[] = {record.id,
                                    record.scenario,
                                    record.trial,
                                    std::string(to_string(record.outcome)),
                                    record::format_time(record.start_time),
                                    to_json(body),
                                    record.console_tail};
      for (int i = 0; i < 7; ++i)
        sqlite3_bind_text(insert, i + 1, values[i].c_str(), -1, SQLITE_TRANSIENT);
      ASSERT_EQ(sqlite3_step(insert), SQLITE_DONE);
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    ASSERT_EQ(sqlite3_close(database), SQLITE_OK);
  }

  void execute(const std::string& sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
  }

  char version() const {
    std::ifstream file(path(), std::ios::binary);
    file.seekg(63);
    return char(file.get());
  }
};

TEST_F(Migration, FromVersion1) {
  for (const auto mode : {Store::Mode::read_only, Store::Mode::read_write}) {
    std::filesystem::remove(path());
    make_version_1({old_record(0), old_record(1), old_record(2)});
    {
      Store store(path(), mode);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(store.show(old_record(i).id), old_record(i));
      ASSERT_THAT(store.rows({}), SizeIs(3));
      EXPECT_EQ(store.rows({})[1], to_row(old_record(1)));
      EXPECT_EQ(store.counts({.scenario = "boot-count"})[2], to_counts(old_record(2)));
      EXPECT_THAT(store.runs(""), SizeIs(0));
    }
    EXPECT_EQ(version(), 2);
    Store(path()).insert(record::sample(3));
    EXPECT_THAT(Store(path()).list({}), SizeIs(4));
  }
}

TEST_F(Migration, EmptyStoreOfVersion1) {
  make_version_1({});
  EXPECT_THAT(Store(path(), Store::Mode::read_only).rows({}), SizeIs(0));
  Store(path()).insert(record::sample());
}

TEST_F(Migration, NothingChangesWhereARecordCannotBeRead) {
  make_version_1({old_record(0), old_record(1)});
  const std::string id = old_record(1).id;
  execute("UPDATE trial SET body = replace(body, '\"passed\"', '\"great\"') WHERE id = '" + id +
          "'");
  for (const auto mode : {Store::Mode::read_only, Store::Mode::read_write})
    EXPECT_THAT(error_of(mode), AllOf(HasSubstr("record '" + id + "'"),
                                      HasSubstr("unknown outcome"), HasSubstr("nothing")));
  EXPECT_EQ(version(), 1);
  execute("UPDATE trial SET body = replace(body, '\"great\"', '\"passed\"')");  // all as it was
  EXPECT_EQ(Store(path()).show("latest"), old_record(1));
}

TEST_F(Migration, ReadOnlyPlaceCannotBeBroughtUpToDate) {
  make_version_1({old_record(0)});
  {
    const ReadOnlyPlace place(path());
    EXPECT_THAT(error_of(Store::Mode::read_only),
                AllOf(HasSubstr("made by an older lab (version 1, this one's is 2)"),
                      HasSubstr("cannot be written")));
  }
  std::filesystem::permissions(path(), std::filesystem::perms(0644));
  EXPECT_EQ(error_of(Store::Mode::read_only), "");
}

}  // namespace
}  // namespace lab::store
