// SPDX-License-Identifier: MIT
#include "orchestrator/store/keep.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <thread>

#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/store/store_fixture.hpp"
#include "orchestrator/store/transfer/transfer.hpp"

namespace lab::store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Keep : public StoreFixture {
 protected:
  // Somebody else who writes, for as long as this lives.
  struct Other {
    explicit Other(const std::string& path)
        : database(path, SQLite::OPEN_READWRITE),
          transaction(database, SQLite::TransactionBehavior::IMMEDIATE) {}
    SQLite::Database database;
    SQLite::Transaction transaction;
  };

  void expect_imported(const Saved& saved) const {
    Store other(path() + ".other");
    import_records(other, saved.file.string(), fs::temp_directory_path());
    EXPECT_THAT(other.list({}), ElementsAre(record::sample(0)));
  }
};

TEST_F(Keep, WaitsForAStoreThatIsBusy) {
  Store store(path());
  store.set_patience(std::chrono::seconds(30));
  auto other = std::make_unique<Other>(path());
  std::jthread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    other.reset();
  });
  EXPECT_EQ(keep(store, record::sample(0), {}).file, "");
  EXPECT_THAT(store.list({}), ElementsAre(record::sample(0)));
}

TEST_F(Keep, WritesBesideAStoreThatStaysBusy) {
  Store store(path());
  store.set_patience(std::chrono::milliseconds(10));
  const Other other(path());
  const Saved saved = keep(store, record::sample(0), {});
  EXPECT_EQ(saved.file.parent_path(), fs::path(path()).parent_path());
  EXPECT_THAT(saved.why, HasSubstr("locked"));
  expect_imported(saved);
}

TEST_F(Keep, WritesElsewhereWhereNothingCanBeWrittenBeside) {
  Store store(path());
  store.set_patience(std::chrono::milliseconds(10));
  const Other other(path());
  const base::TemporaryFolder elsewhere(fs::temp_directory_path(), "keep-test");
  const fs::path folder = fs::path(path()).parent_path(), away = elsewhere.path() / "away";
  fs::rename(folder, away);
  EXPECT_THROW(keep(store, record::sample(0), {"/proc"}), base::Error);
  const Saved saved = keep(store, record::sample(0), {"/proc", elsewhere.path()});
  fs::rename(away, folder);
  EXPECT_EQ(saved.file.parent_path(), elsewhere.path());
  expect_imported(saved);
}

}  // namespace
}  // namespace lab::store
