// SPDX-License-Identifier: MIT
#include "orchestrator/store/keep.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::store {
namespace fs = std::filesystem;
namespace {

// Returns the file that it wrote; empty where no folder was writable.
fs::path write_beside(const fs::path& store, const record::Record& record,
                      std::vector<fs::path> folders) {
  folders.insert(folders.begin(), fs::absolute(store).parent_path());
  const std::string name = store.filename().string() + "." + record.id + ".jsonl";
  for (const fs::path& folder : folders) try {
      base::write_file(folder / name, record::to_json(record) + "\n");
      return folder / name;
    } catch (const base::Error&) {
      continue;  // the store's own error says more
    }
  return {};
}

}  // namespace

Saved keep(Store& store, const record::Record& record, const std::vector<fs::path>& elsewhere) {
  try {
    store.insert(record);
    return {};
  } catch (const base::Error& error) {
    Saved saved{.file = write_beside(store.path(), record, elsewhere), .why = error.what()};
    if (saved.file.empty()) throw;
    return saved;
  }
}

}  // namespace lab::store
