// SPDX-License-Identifier: MIT
// A finished trial's record, which took minutes to get, is not lost because its store is busy or
// its disk is full.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::store {

struct Saved {
  std::filesystem::path file;  // empty: it is in the store
  std::string why;             // it is not
};

// Inserts the record. Where that fails, writes it to a file NAME.ID.jsonl of its own, as
// `lab results import` takes it: beside the store, or in the first of `elsewhere` that takes it.
// Error (infrastructure) where none does.
Saved keep(Store& store, const record::Record& record,
           const std::vector<std::filesystem::path>& elsewhere);

}  // namespace lab::store
