// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/keys/settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <filesystem>

#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/yaml/file_paths.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::string_view parameter_prefix = "kvm.parameters.";

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(settings_table(), key, &Setting::key);
  return found == settings_table().end() ? nullptr : &*found;
}

// Returns whether this value of the setting is the path of a file.
bool names_file(std::string_view key, const std::string& text) {
  const Setting* setting = find_setting(key);
  if (setting == nullptr) return false;
  const Form& form = setting->form;
  if (form.type == Form::Type::path) return std::ranges::find(form.words, text) == form.words.end();
  return (form.type == Form::Type::image || form.type == Form::Type::kernel) && is_path(text);
}

}  // namespace

std::string canonical_key(std::string_view key) {
  return key == "paging" ? "kvm.paging" : std::string(key);
}

bool is_setting(std::string_view key) {
  return key.starts_with(parameter_prefix) || find_setting(key);
}

bool is_settings_group(std::string_view key) {
  return std::ranges::any_of(settings_table(), [&](const Setting& setting) {
    return setting.key.starts_with(key) && setting.key.substr(key.size()).starts_with('.');
  });
}

std::string setting_keys() {
  std::string text;
  for (const Setting& setting : settings_table()) text += std::string(setting.key) + ", ";
  return text + "kvm.parameters.NAME";
}

std::string nearest_setting(std::string_view key) {
  return did_you_mean(key, row_keys(settings_table()));
}

std::string text_in(const std::string& file, const std::string& key, const Node& value) {
  return names_file(key, value.text) ? path_in(file, value.text, value.where) : value.text;
}

std::string in_any_folder(std::string_view key, const std::string& value) {
  if (!names_file(key, value) || value.starts_with("~/")) return value;
  return std::filesystem::absolute(value).lexically_normal();
}

void apply_setting(Settings& settings, const std::string& key, const Node& value) {
  if (key.starts_with(parameter_prefix)) {
    return apply_parameter(settings, key.substr(parameter_prefix.size()), value);
  }
  const Setting* setting = find_setting(key);
  if (!setting) {
    fail(value.where, fmt::format("unknown setting {}{}", in_quotes(key), nearest_setting(key)),
         "settings: " + setting_keys());
  }
  setting->read(settings, *setting, value);
}

void apply_setting(Settings& settings, const std::string& key, const std::string& value,
                   const std::string& where) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.where = where;
  node.text = value;
  apply_setting(settings, key, node);
}

void apply_settings(Settings& settings, const std::string& group, const Node& map, SaidMap& said) {
  const bool any_key = group == "kvm.parameters";
  const auto keys = keys_in(group);
  for (const Entry& entry : read_map(map, group)) {
    if (!any_key && std::ranges::find(keys, entry.key) == keys.end()) {
      unknown_key(entry, group, keys);
    }
    const std::string key = group + "." + entry.key;
    if (is_setting(key)) {
      apply_setting(settings, key, entry.value);
      said[key] = {entry.value.text, entry.value.where};
    } else {
      apply_settings(settings, key, entry.value, said);
    }
  }
}

}  // namespace lab::scenario
