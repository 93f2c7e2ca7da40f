// SPDX-License-Identifier: MIT
#include "orchestrator/store/keep.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/mount.h>
#include <unistd.h>

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
  // Holds the store's write lock, like another process, while it lives.
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

// A disk of 640 KiB, as a run of many trials fills it.
TEST_F(Keep, WritesElsewhereWhereTheStoresDiskIsFull) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const base::TemporaryFolder folder(fs::temp_directory_path(), "keep-test");
  const fs::path disk = folder.path() / "disk";
  fs::create_directory(disk);
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=640k"), 0);
  record::Record last = record::sample(0);
  Saved saved;
  {
    Store store((disk / "results.sqlite").string());
    for (int i = 0; i < 1000 && saved.file.empty(); ++i) {
      last.id = record::make_id(last.start_time, 1000 + i);
      last.console_tail.assign(30'000, 'x');
      saved = keep(store, last, {folder.path()});
    }
    EXPECT_THAT(saved.why, HasSubstr("no space left"));
    EXPECT_EQ(saved.file.parent_path(), folder.path());
    EXPECT_FALSE(fs::exists(disk / saved.file.filename())) << "a half of it";
    EXPECT_GT(store.list({}).size(), 1u) << "what was there";
  }
  ::umount2(disk.c_str(), MNT_DETACH);
  Store other(path() + ".other");
  import_records(other, saved.file.string(), fs::temp_directory_path());
  EXPECT_THAT(other.list({}), ElementsAre(last));
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
