// SPDX-License-Identifier: MIT
// Stores the records on disk, in one SQLite file.
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

namespace lab::store {

// Every call throws base::Error where the store is locked (for 5 s), read-only, damaged, no store
// at all or made by a newer lab. Several processes or threads may use one file at once, each
// through its own Store.
class Store {
 public:
  enum class Mode { read_only, read_write };

  // Selects the records that match every field that is set.
  struct Filter {
    std::string scenario;
    std::size_t limit = 0;         // selects only the newest ones; 0: all
    std::string run;               // its id, a unique prefix of it, or "latest"
    std::vector<std::string> ids;  // ids, unique prefixes of them, or "latest"
    std::optional<std::chrono::system_clock::time_point> before;  // started before this time
  };

  // read_write creates the file where it is missing (its folder must exist); with read_only the
  // file must exist. Both migrate an earlier lab's file.
  explicit Store(const std::string& path, Mode mode = Mode::read_write);
  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const std::string& path() const;

  // Sets how long each later call waits while others have the store locked.
  void set_patience(std::chrono::milliseconds patience);

  // Inserts all of it or, whatever happens, nothing. An id that is already there is an error.
  void insert(const record::Record& record);
  void insert(std::span<const record::Record> records);
  // Inserts the records that `next` returns, up to nullopt, or none where `next` throws. Returns
  // their number. Others cannot write meanwhile.
  using Source = std::function<std::optional<record::Record>()>;
  std::size_t insert_all(const Source& next);
  // Inserts all records of another store, which must be closed and have this lab's version; its ids
  // must be new.
  void merge(const std::string& path);

  // These return records in the order of their ids, so oldest first. An unknown run or id, or a
  // prefix of more than one, is a user error; an empty result is none.
  std::vector<record::Row> rows(const Filter& filter) const;
  std::vector<record::TrialCounts> counts(const Filter& filter) const;
  std::vector<record::Record> list(const Filter& filter) const;  // whole ones
  // Like list() and counts(), but hold only one record at a time.
  void for_each(const Filter& filter,
                const std::function<void(const record::Record&)>& action) const;
  void for_each_counts(const Filter& filter,
                       const std::function<void(record::TrialCounts)>& action) const;

  // Returns the runs of one scenario, or of all where it is empty, oldest first. Records of older
  // labs have no run.
  std::vector<record::RunInfo> runs(const std::string& scenario) const;

  // Returns the record with this id or unique prefix of an id ("latest": the newest). Throws a user
  // error where there is none.
  record::Record show(const std::string& id) const;
  // Returns the record with this whole id.
  std::optional<record::Record> find(const std::string& id) const;

  // Removes the records in one transaction and returns their number. The file shrinks where many
  // pages become free.
  std::size_t remove(const Filter& filter);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Returns a record as the store keeps it: texts are cut to their limits, bytes that are not UTF-8
// are replaced.
record::Record as_kept(const record::Record& record);

}  // namespace lab::store
