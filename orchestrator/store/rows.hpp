// SPDX-License-Identifier: MIT
// Converts a record to rows of the store's tables, and back. Only the store includes this header.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/record/counts.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::store {

// Holds the whole record as the store keeps it: its JSON without the console, and the console; both
// are cut to their limits.
struct Kept {
  std::string body, console;
};
Kept to_kept(const record::Record& record);
record::Record to_record(const Kept& kept);  // throws base::Error where it is no record

std::int64_t milliseconds(std::chrono::system_clock::time_point time);  // since 1970
// Converts back. Throws base::Error (infrastructure) where the clock cannot represent the time.
std::chrono::system_clock::time_point to_time(std::int64_t milliseconds);

// Inserts records, within a transaction that the caller begins.
class Inserter {
 public:
  explicit Inserter(SQLite::Database& database);
  void insert(const record::Record& record, const Kept& kept);

 private:
  std::int64_t conditions_key(const record::Conditions& conditions);

  SQLite::Database& database_;
  SQLite::Statement body_, counts_, trial_, new_conditions_, conditions_;
};

// Selects `columns` of the trials that match the filter, in the order of the ids. The filter's run
// and ids must be whole ones.
SQLite::Statement select(const SQLite::Database& database, const std::string& columns,
                         const Store::Filter& filter);
// Returns " FROM trial ... WHERE ..." for the filter; bind() binds its parameters.
std::string from_trials(const Store::Filter& filter);
void bind(SQLite::Statement& statement, const Store::Filter& filter);

// Lists the columns that select() needs for each kind of row.
inline const std::string row_columns =
    "id, run, scenario, trial, site, repeat, outcome, start, exits";
inline const std::string counts_columns =
    "id, run, scenario, trial, repeat, outcome, conditions, counts.json";
inline const std::string kept_columns = "body.body, body.console";

record::Row read_row(const SQLite::Statement& row);
Kept read_kept(const SQLite::Statement& row);

class CountsReader {
 public:
  explicit CountsReader(const SQLite::Database& database);
  record::TrialCounts read(const SQLite::Statement& row);

 private:
  std::shared_ptr<const record::Conditions> conditions(std::int64_t key);

  SQLite::Statement query_;
  std::map<std::int64_t, std::shared_ptr<const record::Conditions>> known_;
};

}  // namespace lab::store
