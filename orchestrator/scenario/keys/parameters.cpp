// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/keys/settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/text/boolean.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

bool is_parameter_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Requires what every trial needs: counted exits, and leaves that answer the reader in user space.
void check_countable(const std::string& name, const std::string& text, const Node& value) {
  if (name == "exit_leaves" && text != "on") {
    fail(value.where,
         fmt::format("no trial is possible with exit_leaves={}: the guest's reader would see no "
                     "counts",
                     text),
         "on, or leave it out; 'lab kvm load' takes off and root");
  }
  if (name == "exit_counts" && !base::kernel_boolean(text).value_or(false)) {
    fail(value.where,
         fmt::format("no trial is possible with exit_counts={}: nothing would be counted", text),
         "on, or leave it out; 'lab kvm load' takes off");
  }
}

// Refuses encrypted guests: the leaves and the reader communicate through registers, which the host
// cannot see in a guest with encrypted state, and lab starts no guest as one.
void check_not_encrypted(const std::string& name, const std::string& text, const Node& value) {
  static constexpr std::string_view parameters[] = {"sev", "sev_es", "sev_snp", "tdx"};
  if (std::ranges::find(parameters, name) == std::end(parameters)) return;
  if (base::kernel_boolean(text) == false) return;
  fail(value.where,
       fmt::format("kvm.parameters.{} = {}: encrypted guests (SEV, SEV-ES, SEV-SNP, TDX) are not "
                   "supported",
                   name, text),
       "0, or leave it out");
}

}  // namespace

void apply_parameter(Settings& settings, const std::string& name, const Node& value) {
  const std::string what = "kvm.parameters." + name;
  if (!is_parameter_name(name)) {
    fail(value.where, fmt::format("{} is no module parameter's name", in_quotes(name)),
         "lower-case letters, digits and '_', as in 'npt'");
  }
  if (name == "exit_layout" || name == "exit_stats" || name == "exit_causes") {
    fail(value.where, fmt::format("parameter '{}' belongs to lab", name),
         name == "exit_causes" ? "use kvm.causes" : "use kvm.layout");
  }
  const std::string text = read_text(value, what, 128);
  // The text becomes part of a line of parameters, so it has no blanks and no quotes.
  const bool good =
      std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
  if (!good) fail(value.where, what + " must be printable ASCII without blanks and quotes");
  check_countable(name, text, value);
  check_not_encrypted(name, text, value);
  if (name == "exit_scope") read_word(value, what, scope_words);
  settings.parameters[name] = text;
  if (settings.parameters.size() > parameters_limit)
    fail(value.where, fmt::format("more than {} module parameters", parameters_limit));
}

}  // namespace lab::scenario
