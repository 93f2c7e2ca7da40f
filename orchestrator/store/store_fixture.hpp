// SPDX-License-Identifier: MIT
// For tests: a store's file in a folder of its own.
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

  // What opening and reading it says; "" where nothing is wrong.
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

// Writes over the file's bytes at `offset`, behind SQLite's back.
inline void overwrite(const std::string& path, long offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

// The folder and its store can only be read while this lives. Root may write everywhere, so for
// that time the test is nobody.
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
