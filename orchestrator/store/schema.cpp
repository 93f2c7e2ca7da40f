// SPDX-License-Identifier: MIT
#include <spdlog/spdlog.h>

#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/store/file.hpp"
#include "orchestrator/store/rows.hpp"

namespace lab::store {
namespace {

// `body` is the record; all else is derived from it, for fast queries. `trial` contains what lists
// and filters need, in small rows in the order of the ids; `trial.key` is also the key of its body
// and counts. Exit counts have 64 bits: SQLite's integers are signed, so it stores large counts as
// negative numbers. `start` is in milliseconds since 1970.
const char* const schema = R"(
  CREATE TABLE conditions(
    key INTEGER PRIMARY KEY,
    json TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE trial(
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    scenario TEXT NOT NULL,
    trial TEXT NOT NULL,
    site TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    start INTEGER NOT NULL,
    exits INTEGER,
    conditions INTEGER NOT NULL,
    key INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX trial_scenario ON trial(scenario, id);
  CREATE INDEX trial_run ON trial(run, id);
  CREATE INDEX trial_conditions ON trial(conditions);
  CREATE TABLE counts(
    key INTEGER PRIMARY KEY,
    json TEXT NOT NULL
  ) STRICT;
  CREATE TABLE body(
    key INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    console TEXT NOT NULL
  ) STRICT;
)";

// Each version keeps whole records as JSON, which later labs can read, so a migration inserts them
// into the new tables. Each earlier version needs only a query for id, body and console, its tables
// renamed old_NAME. No version needs to know the versions between it and this one.
struct Earlier {
  int version;
  const char* records;
};
constexpr Earlier earlier[] = {
    {1, "SELECT id, body, console FROM old_trial ORDER BY id"},
};

const char* select_records(int version, const std::string& path) {
  for (const Earlier& entry : earlier)
    if (entry.version == version) return entry.records;
  throw base::infrastructure_error(fmt::format("store '{}': damaged: version {}", path, version),
                                   "restore it from a copy, or name another file by --store");
}

std::vector<std::string> names(SQLite::Database& database, const char* type) {
  SQLite::Statement query(database,
                          "SELECT name FROM sqlite_master WHERE type = ? AND sql IS NOT NULL "
                          "AND name NOT LIKE 'sqlite%'");
  query.bind(1, type);
  std::vector<std::string> all;
  while (query.executeStep()) all.push_back(query.getColumn(0).getString());
  return all;
}

// Drops the indexes, renames the tables and returns their new names.
std::vector<std::string> put_aside(SQLite::Database& database) {
  for (const std::string& index : names(database, "index"))
    database.exec("DROP INDEX " + base::double_quoted(index));
  std::vector<std::string> aside;
  for (const std::string& table : names(database, "table")) {
    aside.push_back("old_" + table);
    database.exec("ALTER TABLE " + base::double_quoted(table) + " RENAME TO " +
                  base::double_quoted(aside.back()));
  }
  return aside;
}

void move_record(Inserter& inserter, const std::string& id, const Kept& kept,
                 const std::string& path) {
  try {
    const record::Record record = to_record(kept);
    if (record.id != id) throw base::infrastructure_error("record: 'id' is another one");
    inserter.insert(record, kept);
  } catch (const base::Error& error) {
    throw base::infrastructure_error(
        fmt::format("store '{}': cannot be changed to this lab's version {}: record '{}': {}; "
                    "nothing was changed",
                    path, schema_version, id, error.what()),
        fmt::format("if it is worthless: sqlite3 {} \"DELETE FROM trial WHERE id='{}'\"", path,
                    id));
  }
}

}  // namespace

void create_schema(SQLite::Database& database) {
  database.exec(schema);
  database.exec(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", application_id,
                            schema_version));
}

void migrate(SQLite::Database& database, int version, const std::string& path) {
  const char* const records = select_records(version, path);
  spdlog::debug("store '{}': from version {} to {}", path, version, schema_version);
  const std::vector<std::string> old_tables = put_aside(database);
  create_schema(database);
  {
    Inserter inserter(database);
    SQLite::Statement query(database, records);
    while (query.executeStep())
      move_record(inserter, query.getColumn(0).getString(),
                  {query.getColumn(1).getString(), query.getColumn(2).getString()}, path);
  }
  for (const std::string& table : old_tables)
    database.exec("DROP TABLE " + base::double_quoted(table));
}

}  // namespace lab::store
