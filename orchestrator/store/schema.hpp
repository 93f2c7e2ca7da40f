// SPDX-License-Identifier: MIT
// Creates the store's tables, and migrates the records of earlier versions into them. Only the
// store includes this header.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

namespace lab::store {

// A change of the tables needs a new version: a new number here, one line in `earlier` (schema.cpp)
// with the query that reads the last version's records, and a test in migration_test.cpp that
// starts from a file with the last version's tables.
inline constexpr int schema_version = 2;
inline constexpr int application_id = 0x6c616273;  // "labs": marks our files among SQLite's

// Both run within a transaction that the caller begins, and set the file's version.
void create_schema(SQLite::Database& database);
// Migrates from any earlier version. Throws base::Error, with the record's id, where a record
// cannot be read.
void migrate(SQLite::Database& database, int version, const std::string& path);

}  // namespace lab::store
