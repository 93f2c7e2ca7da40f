// SPDX-License-Identifier: MIT
#include "orchestrator/image/kept_file.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/sizes.hpp"

namespace lab::image {
namespace fs = std::filesystem;

KeptFile keep_file(const fs::path& file, const base::Folders& folders) {
  const std::string digest = base::sha256_file(file);
  const fs::path folder = folders.cache / own_files / digest.substr(0, 32);
  base::remove_damaged(folder);
  base::make_folder_once(folder, [&](const fs::path& work) {
    try {
      base::copy_file(file, work / "file");
    } catch (const base::Error& error) {
      throw base::infrastructure_error("copy '" + file.string() + "': " + error.what(),
                                       "lab clean makes room in the cache");
    }
    if (base::sha256_file(work / "file") != digest)
      throw base::infrastructure_error("'" + file.string() + "' changes while lab reads it",
                                       "wait until what writes it has ended");
    base::record_sizes(work);
  });
  base::mark_used(folder / "file");
  return {folder / "file", "sha256:" + digest};
}

}  // namespace lab::image
