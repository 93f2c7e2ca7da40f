// SPDX-License-Identifier: MIT
// The records on disk: one SQLite file.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "orchestrator/record/counts.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/record/row.hpp"

namespace lab::store {

// Every call throws base::Error: a store that is locked (for 5 s), read-only, damaged,
// no store at all or made by a newer lab. Safe for several processes at once, each with a Store of
// its own; so for threads.
class Store {
 public:
  enum class Mode { read_only, read_write };

  // Which records: all those for which everything holds that is given.
  struct Filter {
    std::string scenario;
    std::size_t limit = 0;         // the newest so many
    std::string run;               // a beginning of its id that is unique; "latest"
    std::vector<std::string> ids;  // a beginning each that is unique; "latest"
    std::optional<std::chrono::system_clock::time_point> before;  // started earlier
  };

  // read_write makes the file (its folder must exist); read_only wants it there. Either brings an
  // earlier lab's file up to date.
  explicit Store(const std::string& path, Mode mode = Mode::read_write);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const std::string& path() const;

  // How long each call waits from now on where others have the store locked.
  void set_patience(std::chrono::milliseconds patience);

  // All of it or, whatever happens, nothing. An id that is already there is an error.
  void insert(const record::Record& record);
  void insert(std::span<const record::Record> records);
  // What `next` gives, up to nullopt; nothing of it where `next` throws. Returns how many. Others
  // cannot write meanwhile.
  using Source = std::function<std::optional<record::Record>()>;
  std::size_t insert_all(const Source& next);
  // All records of another store, which must be closed and of this lab's making; its ids must be
  // new.
  void merge(const std::string& path);

  // These are in the order of the ids, so oldest first. An unknown run or id, or one that more than
  // one begins with, is a user error; that nothing else is found is none.
  std::vector<record::Row> rows(const Filter& filter) const;
  std::vector<record::TrialCounts> counts(const Filter& filter) const;
  std::vector<record::Record> list(const Filter& filter) const;  // whole ones
  // As list() and counts(), without holding more than one.
  void for_each(const Filter& filter,
                const std::function<void(const record::Record&)>& action) const;
  void for_each_counts(const Filter& filter,
                       const std::function<void(record::TrialCounts)>& action) const;

  // Oldest first; of one scenario, or of all where it is empty. Records of older labs have no run.
  std::vector<record::RunInfo> runs(const std::string& scenario) const;

  // By id or by a beginning of it that is unique ("latest": the newest); a user error otherwise.
  record::Record show(const std::string& id) const;
  // By whole id.
  std::optional<record::Record> find(const std::string& id) const;

  // In one transaction; returns how many. The file shrinks where that is much of it.
  std::size_t remove(const Filter& filter);
  // By whole id; false when there is none.
  bool remove(const std::string& id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A record as the store keeps it: texts cut to their limits, bytes that are no UTF-8 replaced.
record::Record as_kept(const record::Record& record);

}  // namespace lab::store
