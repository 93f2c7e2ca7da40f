// SPDX-License-Identifier: MIT
// Keeps a finished trial's record, which took minutes to get, even where the store is busy or the
// disk is full.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/record/record.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::store {

struct Saved {
  std::filesystem::path file;  // empty where the record is in the store
  std::string why;             // why it is not in the store
};

// Inserts the record. Where that fails, writes it to its own file NAME.ID.jsonl, in the format of
// `lab results import`: beside the store, or else in the first folder of `elsewhere` where the
// write succeeds. Throws Error (infrastructure) where every folder fails.
Saved keep(Store& store, const record::Record& record,
           const std::vector<std::filesystem::path>& elsewhere);

}  // namespace lab::store
