// SPDX-License-Identifier: MIT
// Records what lab does to this machine's kvm modules before it does it, so that a later lab can
// undo it if this one is killed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace lab::kvm {

struct ModuleState {
  std::string vendor_module;     // "kvm_amd" or "kvm_intel"
  bool stock_was_loaded = true;  // then restoring loads it again
  bool kept = false;             // by `lab kvm load`: stays after that lab has ended
  std::string patch;             // version of the patched modules
  std::map<std::string, std::string> parameters;

  bool operator==(const ModuleState&) const = default;
};

// Returns nothing where the modules are as the system loaded them. Throws an infrastructure error
// where the file is not what write_state writes.
std::optional<ModuleState> read_state(const std::filesystem::path& runtime);
std::string state_text(const ModuleState& state);  // text of the file modules.json
void write_state(const std::filesystem::path& runtime, const ModuleState& state);
void remove_state(const std::filesystem::path& runtime);

}  // namespace lab::kvm
