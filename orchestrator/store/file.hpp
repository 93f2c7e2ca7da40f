// SPDX-License-Identifier: MIT
// Opens the store's file, creates its tables, and migrates the files of earlier labs. Only the
// store includes this header.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::store {

// Explains SQLite's error to the store's user. Decides by the error code, never by its text.
base::Error explain(const std::string& path, const SQLite::Exception& error);

// Opens the file and migrates it to this lab's version where it is older. Waits up to 5 s for
// locks. Throws SQLite::Exception, which explain() understands, or base::Error.
SQLite::Database open_store_file(const std::string& path, Store::Mode mode);

// Copies a whole store, of any version up to this lab's, as it is at one moment. Throws
// base::Error.
void copy_store_file(const std::string& from, const std::string& to);

// Gives freed pages back to the file system where there are many. A failure is only a warning, as
// SQLite uses the free pages again for new records.
void compact(SQLite::Database& database, const std::string& path);

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
