// SPDX-License-Identifier: MIT
// Records out of a store and into another one: JSON lines, or a store's file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "orchestrator/store/store.hpp"

namespace lab::store {

// One record a line as to_json() gives it, oldest first, into a file (whole or not at all), or to
// standard output where it is empty or "-". Returns how many.
std::size_t export_records(const Store& store, const Store::Filter& filter,
                           const std::string& file);

struct Imported {
  std::size_t imported = 0, present = 0;  // present: were there already, with the same content
};

// From a file of such lines ("-": standard input) or another store's file, which may be of an
// earlier lab and stays as it is. All of it or nothing. base::Error (user), with file:line, on a
// line that is no record and on a record that is there with other content. `work` is a folder for
// what is in between: as large as all that is imported.
Imported import_records(Store& store, const std::string& file, const std::filesystem::path& work);

}  // namespace lab::store
