// SPDX-License-Identifier: MIT
#include "orchestrator/cli/kernel.hpp"

#include "orchestrator/scenario/keys/settings.hpp"

namespace lab::cli {

std::string read_kernel(const std::string& text) {
  if (text.empty()) return text;
  scenario::Settings settings;
  scenario::apply_setting(settings, "kvm.kernel", text, "--kernel");
  return settings.kernel;
}

}  // namespace lab::cli
