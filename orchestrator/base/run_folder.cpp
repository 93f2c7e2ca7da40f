// SPDX-License-Identifier: MIT
#include "orchestrator/base/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace fs = std::filesystem;
namespace {

fs::path runs(const Folders& folders) {
  return folders.cache / "runs";
}

Fd open_lock(const fs::path& folder, int flags) {
  return Fd(::open((folder / "lock").c_str(), flags | O_RDWR | O_CLOEXEC, 0600));
}

}  // namespace

RunFolder::RunFolder(const Folders& folders) {
  fs::create_directories(runs(folders));
  path_ = make_temporary_folder(runs(folders), std::to_string(::getpid()));
  id_ = path_.filename().string();
  lock_ = open_lock(path_, O_CREAT);
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    throw errno_error("lock", path_.string(), errno);
  sockets_ = folders.runtime / id_;
  fs::create_directories(sockets_);
}

RunFolder::~RunFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  fs::remove_all(sockets_, ignored);
}

namespace {

bool is_alive(const Folders& folders, const std::string& id) {
  const Fd lock = open_lock(runs(folders) / id, 0);
  // Between mkdtemp and flock a young run has no lock yet; its process is there, though.
  if (!lock)
    return fs::exists(runs(folders) / id) && fs::exists("/proc/" + id.substr(0, id.find('.')));
  return ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
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
