// SPDX-License-Identifier: MIT
// Tests stores that cannot be read or written, and several writers at once.
#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "orchestrator/record/sample_record.hpp"
#include "orchestrator/store/generated.hpp"
#include "orchestrator/store/store_fixture.hpp"

namespace lab::store {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

using StoreFault = StoreFixture;

TEST_F(StoreFault, WritersTakeTurnsFromTheFirstMomentOn) {
  for (int round = 0; round < 10; ++round) {
    const std::string file = path() + std::to_string(round);
    const auto write = [&](int from) {
      Store store(file);
      for (int i = from; i < from + 5; ++i) store.insert(record::sample(i));
    };
    std::thread first(write, 0), second(write, 100), third(write, 200);
    first.join();
    second.join();
    third.join();
    EXPECT_THAT(Store(file).rows({}), SizeIs(15));
  }
}

TEST_F(StoreFault, SaysWhatIsWrongWithAFile) {
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

TEST_F(StoreFault, RefusesNewerForeignAndDamagedStores) {
  { Store(path()).insert(record::sample()); }
  overwrite(path(), 60, std::string("\0\0\0\7", 4));  // user_version in SQLite's header
  EXPECT_THAT(error_of(), HasSubstr("newer lab (version 7, this one knows 2)"));
  EXPECT_THAT(error_of(Store::Mode::read_only), HasSubstr("newer lab"));
  overwrite(path(), 60, std::string("\0\0\0\0", 4));
  EXPECT_THAT(error_of(), HasSubstr("damaged: version 0"));
  overwrite(path(), 60, std::string("\0\0\0\2", 4));
  EXPECT_EQ(error_of(), "");
  overwrite(path(), 68, std::string("\0\0\0\0", 4));  // application_id
  EXPECT_THAT(error_of(), HasSubstr("not a store of lab"));
  overwrite(path(), 68, "labs");
  overwrite(path(), 4096, std::string(8192, '\xff'));
  EXPECT_THAT(error_of(), HasSubstr("damaged"));
}

TEST_F(StoreFault, TruncatedStoreIsDamaged) {
  {
    Store store(path());
    for (int i = 0; i < 20; ++i) store.insert(record::sample(i));
  }
  const auto whole = std::filesystem::file_size(path());
  for (const auto size : {whole - 4096, whole / 2, whole - 100}) {
    std::filesystem::resize_file(path(), size);
    EXPECT_THAT(error_of(Store::Mode::read_only), HasSubstr("damaged")) << size;
    EXPECT_THAT(error_of(Store::Mode::read_write), HasSubstr("damaged")) << size;
  }
  std::filesystem::resize_file(path(), 50);
  EXPECT_THAT(error_of(Store::Mode::read_only), HasSubstr("not a store of lab"));
}

TEST_F(StoreFault, ReadOnlyPlaceCanBeReadButNotWritten) {
  { Store(path()).insert(record::sample()); }
  const ReadOnlyPlace place(path());
  EXPECT_THAT(Store(path(), Store::Mode::read_only).rows({}), SizeIs(1));
  EXPECT_THAT(error_of(Store::Mode::read_write), HasSubstr("cannot be written"));
}

TEST_F(StoreFault, LockedStoreCanBeReadButNotWritten) {
  Store store(path());
  store.insert(record::sample(0));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(error_of(Store::Mode::read_only), "");
  store.set_patience(std::chrono::milliseconds(50));
  EXPECT_THAT(error_of([&] { store.insert(record::sample(1)); }),
              HasSubstr("locked by another program"));
  ASSERT_EQ(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  store.insert(record::sample(1));
  EXPECT_THAT(store.rows({}), SizeIs(2));
}

// Limits the size of every file of this process to `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(StoreFault, WhatCannotBeWrittenLeavesNoHalfRecord) {
  Store store(path());
  GeneratedRecords records(1000, 60);
  std::size_t stored = 0;
  std::string error;
  {
    const FileSizeLimit limit(512 * 1024);
    while (error.empty() && stored < 1000)
      error = error_of([&] {
        store.insert(records.next());
        ++stored;
      });
  }
  EXPECT_THAT(error, HasSubstr("cannot be read or written"));
  EXPECT_GT(stored, 0u);
  EXPECT_THAT(store.list({}), SizeIs(stored));
  EXPECT_THAT(store.counts({}), SizeIs(stored));
  store.insert(records.next());  // there is room again
  EXPECT_THAT(Store(path()).list({}), SizeIs(stored + 1));
}

}  // namespace
}  // namespace lab::store
