// SPDX-License-Identifier: MIT
#include "orchestrator/store/transfer/transfer.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/store/store_fixture.hpp"
#include "orchestrator/store/transfer/line_reader.hpp"

namespace lab::store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Transfer : public StoreFixture {
 protected:
  std::string file() const { return folder() + "/records.jsonl"; }
  void write(const std::string& text) const { std::ofstream(file()) << text; }
  Imported import_file() { return import_records(store_, file(), folder()); }
  std::string refused() {
    return error_of([&] { import_file(); });
  }

  Store store_{path()};
};

TEST_F(Transfer, ExportedRecordsComeBack) {
  const std::vector<record::Record> records = {record::sample(0), record::sample(1),
                                               record::sample(2)};
  store_.insert(records);
  EXPECT_EQ(export_records(store_, {}, file()), 3u);
  Imported again = import_file();
  EXPECT_EQ(again.imported, 0u);
  EXPECT_EQ(again.present, 3u);
  store_.remove({.ids = {record::sample(1).id}});
  again = import_file();
  EXPECT_EQ(again.imported, 1u);
  EXPECT_EQ(again.present, 2u);
  EXPECT_EQ(store_.list({}), records);
  EXPECT_EQ(export_records(store_, {.scenario = "none"}, file()), 0u);
  EXPECT_EQ(std::filesystem::file_size(file()), 0u);
}

TEST_F(Transfer, ExportAppearsWhole) {
  store_.insert(record::sample());
  EXPECT_THROW(export_records(store_, {}, "/nonexistent/file"), base::Error);
  EXPECT_THROW(export_records(store_, {}, "/dev/full"), base::Error);
  EXPECT_EQ(export_records(store_, {}, "/dev/null"), 1u);
  write("before");
  EXPECT_THROW(export_records(store_, {.run = "none"}, file()), base::Error);
  EXPECT_EQ(std::filesystem::file_size(file()), 6u);
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    EXPECT_NE(entry.path().extension(), ".part");
}

TEST_F(Transfer, BadLinesImportNothing) {
  const std::string good = to_json(record::sample(0)) + "\n\r\n",
                    other = to_json(record::sample(1));
  std::string no_id = other, cut = other.substr(0, 100);
  no_id.replace(no_id.find(record::sample(1).id), 3, "x/y");
  for (const auto& [line, cause] : std::vector<std::pair<std::string, std::string>>{
           {cut, "not JSON"},
           {"[]", "not a JSON object"},
           {"{}", "'id' is missing"},
           {no_id, "no record's id"},
           {std::string(100, '['), "more than 32 levels"},
           {std::string("\0\xff", 2), "not JSON"}}) {
    write(good + line + "\n" + other);
    EXPECT_THAT(refused(), AllOf(HasSubstr(file() + ":3: "), HasSubstr(cause))) << line;
    EXPECT_THAT(store_.rows({}), IsEmpty());
  }
  EXPECT_THAT(error_of([&] { import_records(store_, "/nonexistent", folder()); }),
              HasSubstr("open '/nonexistent'"));
  write("");
  EXPECT_EQ(import_file().imported, 0u);
}

TEST_F(Transfer, SameIdWithOtherContentIsAnError) {
  record::Record changed = record::sample(1);
  changed.message = "another";
  store_.insert(record::sample(1));
  write(to_json(record::sample(0)) + "\n" + to_json(changed));
  EXPECT_THAT(refused(), AllOf(HasSubstr(file() + ":2: record '" + record::sample(1).id),
                               HasSubstr("in store '" + path() + "'")));
  store_.remove({.ids = {record::sample(1).id}});
  write(to_json(record::sample(1)) + "\n" + to_json(record::sample(1)) + "\n" + to_json(changed));
  EXPECT_THAT(refused(), AllOf(HasSubstr(":3: "), HasSubstr("before it")));
  EXPECT_THAT(store_.rows({}), IsEmpty());
  write(to_json(record::sample(1)) + "\n" + to_json(record::sample(1)));
  const Imported once = import_file();
  EXPECT_EQ(once.imported, 1u);
  EXPECT_EQ(once.present, 1u);
}

TEST_F(Transfer, WhatTheStoreCutsIsNoOtherContent) {
  record::Record record = record::sample();
  record.steps[1].output = std::string(100'000, 'x') + "\xff";
  store_.insert(record);
  write(to_json(record));
  EXPECT_EQ(import_file().present, 1u);
}

TEST_F(Transfer, AnotherStoreIsMerged) {
  const std::string other = folder() + "/other.db";
  store_.insert(record::sample(1));
  { Store(other).insert(std::vector{record::sample(0), record::sample(1), record::sample(2)}); }
  const Imported imported = import_records(store_, other, folder());
  EXPECT_EQ(imported.imported, 2u);
  EXPECT_EQ(imported.present, 1u);
  EXPECT_THAT(store_.list({}),
              ElementsAre(record::sample(0), record::sample(1), record::sample(2)));
  overwrite(other, 60, std::string("\0\0\0\7", 4));
  EXPECT_THAT(error_of([&] { import_records(store_, other, folder()); }),
              AllOf(HasSubstr(other), HasSubstr("newer lab")));
  std::filesystem::resize_file(other, 5000);
  EXPECT_THAT(error_of([&] { import_records(store_, other, folder()); }), HasSubstr(other));
}

// SQLite might compute anything while it reads, and never end.
TEST_F(Transfer, AStoreThatComputesIsRefused) {
  const std::string other = folder() + "/other.db";
  const auto refused_with = [&](const std::string& sql) {
    std::filesystem::remove(other);
    { Store(other).insert(record::sample(0)); }
    SQLite::Database(other, SQLite::OPEN_READWRITE).exec(sql);
    return error_of([&] { import_records(store_, other, folder()); });
  };
  EXPECT_THAT(refused_with("ALTER TABLE trial RENAME TO real; CREATE VIEW trial AS "
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) "
                           "SELECT real.* FROM real, n"),
              AllOf(HasSubstr(other), HasSubstr("'trial' is no table or index")));
  EXPECT_THAT(refused_with("CREATE TRIGGER t AFTER INSERT ON trial BEGIN SELECT 1; END"),
              HasSubstr("'t' is no table or index"));
  EXPECT_THAT(refused_with("ALTER TABLE body ADD COLUMN more TEXT AS (hex(zeroblob(100000000)))"),
              HasSubstr("'body' is no table or index"));
  EXPECT_EQ(refused_with(""), "");
}

TEST_F(Transfer, ATimeThatNoClockHasIsDamage) {
  const std::string other = folder() + "/other.db";
  { Store(other).insert(record::sample(0)); }
  SQLite::Database(other, SQLite::OPEN_READWRITE)
      .exec("UPDATE trial SET start = 9223372036854775807");
  EXPECT_THAT(error_of([&] { import_records(store_, other, folder()); }),
              AllOf(HasSubstr("damaged"), HasSubstr("start is no time")));
  EXPECT_THAT(error_of([&] { Store(other).runs(""); }), HasSubstr("damaged"));
}

TEST_F(Transfer, LinesHaveALimit) {
  write("\n12345\n\n1234567");
  LineReader lines(file(), 6);
  EXPECT_TRUE(lines.begins_with("\n12345\n"));
  EXPECT_FALSE(lines.begins_with("12345"));
  EXPECT_EQ(lines.next(), "12345");
  EXPECT_EQ(lines.number(), 2u);
  EXPECT_THAT(error_of([&] { lines.next(); }), HasSubstr(":4: longer than"));
  const std::string large(1'000'000, 'x');
  write(large + "\n" + large + "\nend");
  LineReader whole(file());
  EXPECT_EQ(whole.next(), large);
  EXPECT_EQ(whole.next(), large);
  EXPECT_EQ(whole.next(), "end");
  EXPECT_EQ(whole.next(), std::nullopt);
}

}  // namespace
}  // namespace lab::store
