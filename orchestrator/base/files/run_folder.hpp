// SPDX-License-Identifier: MIT
// Keeps in one folder everything that a running lab puts on disk. The lab holds a lock on the
// folder as long as it lives, so that a later lab recognizes what a killed one left.
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

// Keeps this process's run folders, empty, from now on. Call it where something of a run could not
// be cleared: the folders lead the next lab to it.
void keep_run_folders();

// Returns the ids of runs whose lab has ended. Domains that it left have them in their names.
std::vector<std::string> dead_runs(const Folders& folders);

// Removes a run's folders.
void remove_run(const Folders& folders, const std::string& id);

}  // namespace lab::base
