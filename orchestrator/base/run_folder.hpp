// SPDX-License-Identifier: MIT
// A folder for everything that one running lab puts on disk, so that a later lab can tell what a
// killed one left: as long as its lab lives, it holds a lock on the folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"

namespace lab::base {

class RunFolder {
 public:
  // Makes cache/runs/ID and runtime/ID, ID = process id and six random characters.
  explicit RunFolder(const Folders& folders);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  ~RunFolder();  // removes both

  const std::string& id() const { return id_; }
  const std::filesystem::path& path() const { return path_; }        // overlays, disks: large
  const std::filesystem::path& sockets() const { return sockets_; }  // a short path

 private:
  std::string id_;
  std::filesystem::path path_, sockets_;
  Fd lock_;
};

// Whether the run's lab is still alive.
bool run_is_alive(const Folders& folders, const std::string& id);

// Removes the folders of labs that are no more. Returns how many there were.
int sweep_run_folders(const Folders& folders);

}  // namespace lab::base
