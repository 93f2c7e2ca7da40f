// SPDX-License-Identifier: MIT
// The store's file: opening it, its schema, and the way to it from those of earlier labs. For the
// store only.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>

#include "orchestrator/base/error.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::store {

// What SQLite's error means for whoever uses the store: by its code, never by its words.
base::Error explain(const std::string& path, const SQLite::Exception& error);

// Of this lab's version, whatever it was before. Waits up to 5 s for others. SQLite::Exception,
// which explain() understands, or base::Error.
SQLite::Database open_store_file(const std::string& path, Store::Mode mode);

// All of a store, of whatever version up to this lab's, as it is at one moment. base::Error.
void copy_store_file(const std::string& from, const std::string& to);

// Gives freed pages back to the file system where they are many. That it cannot is only a warning:
// they are used again by what comes next.
void compact(SQLite::Database& database, const std::string& path);

}  // namespace lab::store
