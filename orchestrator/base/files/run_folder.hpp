// SPDX-License-Identifier: MIT
// A folder for everything that one running lab puts on disk, so that a later lab can tell what a
// killed one left: as long as its lab lives, it holds a lock on the folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::base {

class RunFolder {
 public:
  // Makes cache/runs/ID and runtime/ID, ID = process id and six random characters.
  explicit RunFolder(const Folders& folders);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  ~RunFolder();  // removes both, or empties them (keep_run_folders)

  const std::string& id() const { return id_; }
  const std::filesystem::path& path() const { return path_; }        // overlays, disks: large
  const std::filesystem::path& sockets() const { return sockets_; }  // a short path

 private:
  std::string id_;
  std::filesystem::path path_, sockets_;
  Fd lock_;
};

// What belongs to a run of this process could not be cleared. From now on its run folders stay,
// empty: they lead the next lab to it.
void keep_run_folders();

// Ids of runs whose lab is no more, and so of what it left: domains carry them in their names.
std::vector<std::string> dead_runs(const Folders& folders);

// Removes a run's folders.
void remove_run(const Folders& folders, const std::string& id);

}  // namespace lab::base
