// SPDX-License-Identifier: MIT
// What lab did to this machine's kvm modules, written down before it is done, so that a later lab
// can undo it when this one was killed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace lab::kvm {

struct ModuleState {
  std::string vendor_module;     // "kvm_amd" or "kvm_intel"
  bool stock_was_loaded = true;  // so that restoring loads it again
  bool kept = false;             // by `lab kvm load`: to stay when that lab has ended
  std::string patch;             // version of the patched modules
  std::map<std::string, std::string> parameters;

  bool operator==(const ModuleState&) const = default;
};

// Nothing where the modules are as the system loaded them. Error (infrastructure) where the file
// is not what write_state wrote.
std::optional<ModuleState> read_state(const std::filesystem::path& runtime);
std::string state_text(const ModuleState& state);  // of the file modules.json in `runtime`
void write_state(const std::filesystem::path& runtime, const ModuleState& state);
void remove_state(const std::filesystem::path& runtime);

}  // namespace lab::kvm
