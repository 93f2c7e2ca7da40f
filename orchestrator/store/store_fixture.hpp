// SPDX-License-Identifier: MIT
// Gives a test a store's file in its own folder.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::store {

class StoreFixture : public testing::Test {
 protected:
  std::string folder() const { return folder_.path().string(); }
  std::string path() const { return folder() + "/store.db"; }

  // Returns the message of the error that opening and reading the store throws; "" where none does.
  std::string error_of(Store::Mode mode = Store::Mode::read_write) const {
    return error_of([&] {
      const Store store(path(), mode);
      store.rows({});
      store.counts({});
      store.list({});
    });
  }
  template <typename Action>
  static std::string error_of(Action action) {
    try {
      action();
      return "";
    } catch (const base::Error& error) {
      return error.what();
    }
  }

 private:
  base::TemporaryFolder folder_{testing::TempDir(), "store"};
};

// Overwrites the file's bytes at `offset`, behind SQLite's back.
inline void overwrite(const std::string& path, long offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

// Makes the folder and its store read-only while it lives. Root may write everywhere, so the test
// runs as nobody for that time.
class ReadOnlyPlace {
 public:
  explicit ReadOnlyPlace(const std::string& store)
      : folder_(std::filesystem::path(store).parent_path()), was_root_(geteuid() == 0) {
    std::filesystem::permissions(store, std::filesystem::perms(0444));
    std::filesystem::permissions(folder_, std::filesystem::perms(0555));
    if (was_root_) {
      EXPECT_EQ(seteuid(65534), 0);
    }
  }
  ReadOnlyPlace(const ReadOnlyPlace&) = delete;
  ReadOnlyPlace& operator=(const ReadOnlyPlace&) = delete;
  ~ReadOnlyPlace() {
    if (was_root_) {
      EXPECT_EQ(seteuid(0), 0);
    }
    std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  }

 private:
  std::filesystem::path folder_;
  bool was_root_;
};

}  // namespace lab::store
