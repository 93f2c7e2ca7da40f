// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/module_state.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/json.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

fs::path state_file(const fs::path& runtime) {
  return runtime / "modules.json";
}

}  // namespace

LAB_JSON(ModuleState, vendor_module, stock_was_loaded, kept, patch, parameters)

std::optional<ModuleState> read_state(const fs::path& runtime) {
  const fs::path path = state_file(runtime);
  if (!fs::exists(path)) return std::nullopt;
  try {
    return base::parse_json(base::read_file(path)).get<ModuleState>();
  } catch (const nlohmann::json::exception& error) {
    throw base::infrastructure_error("read '" + path.string() + "': " + error.what(),
                                     "lab kvm restore");
  }
}

std::string state_text(const ModuleState& state) {
  return nlohmann::json(state).dump() + "\n";
}

void write_state(const fs::path& runtime, const ModuleState& state) {
  base::write_file(state_file(runtime), state_text(state));
}

void remove_state(const fs::path& runtime) {
  std::error_code ignored;
  fs::remove(state_file(runtime), ignored);
}

}  // namespace lab::kvm
