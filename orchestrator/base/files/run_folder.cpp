// SPDX-License-Identifier: MIT
#include "orchestrator/base/files/run_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/file_lock.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

fs::path runs(const Folders& folders) {
  return folders.cache / "runs";
}

std::atomic<bool> keep_folders = false;

fs::path lock_file(const fs::path& folder) {
  return folder / "lock";
}

}  // namespace

RunFolder::RunFolder(const Folders& folders) {
  fs::create_directories(runs(folders));
  // It is locked before it gets its name, so that no other lab takes it for a dead one's.
  TemporaryFolder young(runs(folders), "." + std::to_string(::getpid()));
  lock_ = open_lock(lock_file(young.path()));
  if (!try_lock(lock_, lock_file(young.path())))
    throw infrastructure_error("the new folder '" + young.path().string() + "' is locked");
  id_ = young.path().filename().string().substr(1);
  path_ = runs(folders) / id_;
  fs::rename(young.path(), path_);
  young.keep();
  sockets_ = folders.runtime / id_;
  fs::create_directories(sockets_);
}

RunFolder::~RunFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove_all(sockets_, ignored);
  if (keep_folders) fs::create_directory(path_, ignored);
}

void keep_run_folders() {
  keep_folders = true;
}

namespace {

// A hidden folder belongs to a run that begins; a dead process leaves only an empty one.
bool is_alive(const Folders& folders, const std::string& id) {
  if (id.starts_with(".")) return fs::exists("/proc/" + id.substr(1, id.find('.', 1) - 1));
  const fs::path file = lock_file(runs(folders) / id);
  const Fd lock(::open(file.c_str(), O_RDWR | O_CLOEXEC));  // not created: it may just be removed
  return lock && !try_lock(lock, file);
}

}  // namespace

std::vector<std::string> dead_runs(const Folders& folders) {
  std::error_code error;
  std::vector<std::string> dead;
  for (const auto& entry : fs::directory_iterator(runs(folders), error)) {
    const std::string id = entry.path().filename().string();
    if (!is_alive(folders, id)) dead.push_back(id);
  }
  return dead;
}

void remove_run(const Folders& folders, const std::string& id) {
  std::error_code ignored;
  fs::remove_all(runs(folders) / id, ignored);
  fs::remove_all(folders.runtime / id, ignored);
}

}  // namespace lab::base
