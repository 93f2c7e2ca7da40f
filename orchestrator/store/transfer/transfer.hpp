// SPDX-License-Identifier: MIT
// Exports records from a store and imports them into another one, as JSON lines or a store's file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "orchestrator/store/store.hpp"

namespace lab::store {

// Writes one record a line, as to_json() formats it, oldest first, into a file (whole or not at
// all), or to standard output where `file` is empty or "-". Returns the number of records.
std::size_t export_records(const Store& store, const Store::Filter& filter,
                           const std::string& file);

struct Imported {
  std::size_t imported = 0, present = 0;  // present: already there with the same content
};

// Imports a file of such lines ("-": standard input), or another store's file, which may be an
// earlier lab's and is not changed. Imports all or nothing. Throws base::Error (user), with
// file:line, where a line is no record or a record is already there with other content. `work` is a
// folder for temporary files, which are as large as the import.
Imported import_records(Store& store, const std::string& file, const std::filesystem::path& work);

}  // namespace lab::store
