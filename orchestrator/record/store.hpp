// SPDX-License-Identifier: MIT
// The records on disk: one SQLite file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"

namespace lab::record {

// Every call throws base::Error: a store that is locked (5 s), read-only, damaged,
// no store at all or made by a newer lab. Safe for several processes at once.
class Store {
 public:
  enum class Mode { read_only, read_write };

  struct Filter {
    std::string scenario;   // empty: all
    std::size_t limit = 0;  // the newest so many; 0: all
  };

  // read_write makes the file (its folder must exist); read_only wants it there.
  explicit Store(const std::string& path, Mode mode = Mode::read_write);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  // All of it or, whatever happens, nothing. An id that is already there is an error.
  void insert(const Record& record);

  // Oldest first, without console_tail.
  std::vector<Record> list(const Filter& filter) const;
  std::vector<Record> list() const { return list(Filter()); }

  // By id or by a beginning of it that is unique ("latest": the newest); a user error otherwise.
  Record show(const std::string& id) const;

  // By whole id; false when there is none.
  bool remove(const std::string& id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lab::record
