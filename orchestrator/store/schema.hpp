// SPDX-License-Identifier: MIT
// The store's tables, and how records of earlier versions come into them. For the store only.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

namespace lab::store {

// A change of the tables is a new version: a number here, one line in `earlier` (store_schema.cpp)
// that says how the last version's records are read, and a test in store_migration_test.cpp from a
// file that has the last version's tables.
inline constexpr int schema_version = 2;
inline constexpr int application_id = 0x6c616273;  // "labs": tells our files from other SQLite ones

// Both within a transaction of the caller's; they set the file's version.
void create_schema(SQLite::Database& database);
// From any earlier version. base::Error, naming the record, where one cannot be read.
void migrate(SQLite::Database& database, int version, const std::string& path);

}  // namespace lab::store
