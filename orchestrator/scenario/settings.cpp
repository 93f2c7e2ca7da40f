// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "orchestrator/scenario/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::string_view parameter_prefix = "kvm.parameters.";

struct Setting {
  std::string_view key;
  void (*read)(Settings&, const std::string& key, const Node&);
};

constexpr Setting settings_table[] = {
    {"image",
     [](Settings& s, const std::string& key, const Node& v) { s.image = read_name(v, key); }},
    {"guest.vcpus", [](Settings& s, const std::string& key,
                       const Node& v) { s.vcpus = std::uint32_t(read_integer(v, key, 1, 64)); }},
    {"guest.memory",
     [](Settings& s, const std::string& key, const Node& v) { s.memory = read_memory(v, key); }},
    {"guest.console",
     [](Settings& s, const std::string& key, const Node& v) {
       s.console = Console(read_word(v, key, {"quiet", "verbose", "none"}));
     }},
    {"kvm.layout",
     [](Settings& s, const std::string& key, const Node& v) {
       s.layout = exits::Layout(read_word(v, key, {"descending", "ascending", "combined"}));
     }},
    {"kvm.kernel",
     [](Settings& s, const std::string& key, const Node& v) { s.kernel = read_kernel(v, key); }},
    {"kvm.paging",
     [](Settings& s, const std::string& key, const Node& v) {
       s.paging = Paging(read_word(v, key, {"nested", "shadow"}));
     }},
};

bool is_parameter_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What a trial lives by: exits that are counted, and leaves that answer the reader in user space.
void check_countable(const std::string& name, const std::string& text, const Node& value) {
  if (name == "exit_leaves" && text != "on") {
    fail(value.where,
         fmt::format("no trial is possible with exit_leaves={}: the guest's reader would see no "
                     "counts",
                     text),
         "on, or leave it out; 'lab kvm load' takes off and root");
  }
  if (name == "exit_counts" && text != "on") {
    fail(value.where,
         fmt::format("no trial is possible with exit_counts={}: nothing would be counted", text),
         "on, or leave it out; 'lab kvm load' takes off");
  }
}

void apply_parameter(Settings& settings, const std::string& name, const Node& value) {
  const std::string what = "kvm.parameters." + name;
  if (!is_parameter_name(name)) {
    fail(value.where, fmt::format("{} is no module parameter's name", in_quotes(name)),
         "lower-case letters, digits and '_', as in 'npt'");
  }
  if (name == "exit_layout" || name == "exit_stats") {
    fail(value.where, fmt::format("parameter '{}' belongs to lab", name), "use kvm.layout");
  }
  const std::string text = read_text(value, what, 128);
  // It goes into a line of parameters: no blanks, no quotes.
  const bool good =
      std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
  if (!good) fail(value.where, what + " must be printable ASCII without blanks and quotes");
  check_countable(name, text, value);
  if (settings.parameters.size() >= 64) fail(value.where, "more than 64 module parameters");
  settings.parameters[name] = text;
}

Paging paging_of(const std::string& name, const std::string& value, const std::string& where) {
  if (value == "0" || value == "N" || value == "n") return Paging::shadow;
  if (value == "1" || value == "Y" || value == "y") return Paging::nested;
  fail(where,
       fmt::format("kvm.parameters.{} must be 0, 1, N or Y, not {}", name, in_quotes(value)));
}

}  // namespace

std::string canonical_key(std::string_view key) {
  return key == "paging" ? "kvm.paging" : std::string(key);
}

bool is_setting(std::string_view key) {
  return key.starts_with(parameter_prefix) ||
         std::ranges::find(settings_table, key, &Setting::key) != std::end(settings_table);
}

std::string setting_keys() {
  std::string text;
  for (const Setting& setting : settings_table) text += std::string(setting.key) + ", ";
  return text + "kvm.parameters.NAME";
}

std::string nearest_setting(std::string_view key) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : settings_table) keys.push_back(setting.key);
  return did_you_mean(key, keys);
}

void apply_setting(Settings& settings, const std::string& key, const Node& value) {
  if (key.starts_with(parameter_prefix)) {
    return apply_parameter(settings, key.substr(parameter_prefix.size()), value);
  }
  const auto found = std::ranges::find(settings_table, key, &Setting::key);
  if (found == std::end(settings_table)) {
    fail(value.where, fmt::format("unknown setting {}{}", in_quotes(key), nearest_setting(key)),
         "settings: " + setting_keys());
  }
  found->read(settings, key, value);
}

void resolve_paging(Settings& settings, const std::string& where) {
  for (const std::string name : {"npt", "ept"}) {
    const auto parameter = settings.parameters.find(name);
    if (parameter == settings.parameters.end()) continue;
    const Paging paging = paging_of(name, parameter->second, where);
    if (settings.paging.value_or(paging) != paging) {
      fail(where,
           fmt::format("kvm.parameters.{} = {} contradicts {} paging", name, parameter->second,
                       to_string(*settings.paging)),
           "say it once, by kvm.paging");
    }
    settings.paging = paging;
  }
  settings.paging = settings.paging.value_or(Paging::nested);
}

}  // namespace lab::scenario
