// SPDX-License-Identifier: MIT
// Only one lab swaps modules at a time, and whoever has to wait learns for whom.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/base/fd.hpp"

namespace lab::kvm {

class ModuleLock {
 public:
  // Takes the lock, and writes into its file who holds it. Error (infrastructure) that names the
  // holder where another process has it.
  explicit ModuleLock(const std::filesystem::path& runtime);

  // As the constructor, but empty where another process has it.
  static std::optional<ModuleLock> try_take(const std::filesystem::path& runtime);

  // "lab pid 123 (lab run …) since 2026-11-21 03:41:07", or "" where nobody holds the lock.
  static std::string holder(const std::filesystem::path& runtime);

 private:
  explicit ModuleLock(base::Fd fd) : fd_(std::move(fd)) {}

  base::Fd fd_;  // the lock ends with the last descriptor, however the process ends
};

}  // namespace lab::kvm
