// SPDX-License-Identifier: MIT
// Lets only one lab swap modules at a time, and names the holder to those that have to wait.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {

class ModuleLock {
 public:
  // Takes the lock and writes its holder into the file. Throws an infrastructure error that names
  // the holder where another process has it.
  explicit ModuleLock(const std::filesystem::path& runtime);

  // Does what the constructor does, but returns nothing where another process has the lock.
  static std::optional<ModuleLock> try_take(const std::filesystem::path& runtime);

  // Returns "lab pid 123 (lab run …) since 2026-11-21 03:41:07"; "" where nobody holds the lock.
  static std::string holder(const std::filesystem::path& runtime);

 private:
  explicit ModuleLock(base::Fd fd) : fd_(std::move(fd)) {}

  base::Fd fd_;  // the lock ends with the last descriptor, however the process ends
};

}  // namespace lab::kvm
