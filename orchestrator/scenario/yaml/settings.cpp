// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/yaml/settings.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "orchestrator/scenario/yaml/values.hpp"
#include "orchestrator/scenario/yaml/words.hpp"

namespace lab::scenario {
namespace {

constexpr std::string_view parameter_prefix = "kvm.parameters.";
constexpr std::string_view on_off[] = {"on", "off"};

template <auto member>
void read_enum(Settings& settings, const Setting& setting, const Node& value) {
  using Enum = std::remove_reference_t<decltype(settings.*member)>;
  settings.*member = Enum(read_word(value, std::string(setting.key), setting.words));
}

template <auto member>
void read_flag(Settings& settings, const Setting& setting, const Node& value) {
  settings.*member = read_word(value, std::string(setting.key), setting.words) == 0;
}

template <auto member>
void read_number(Settings& settings, const Setting& setting, const Node& value) {
  settings.*member =
      std::uint32_t(read_integer(value, std::string(setting.key), setting.min, setting.max));
}

template <auto member>
void read_bytes(Settings& settings, const Setting& setting, const Node& value) {
  settings.*member = read_memory(value, std::string(setting.key), setting.min, setting.max);
}

template <auto member>
std::string write_enum(const Settings& settings) {
  return std::string(word(settings.*member));
}

template <auto member, auto& words>
std::string write_flag(const Settings& settings) {
  return std::string(words[settings.*member ? 0 : 1]);
}

template <auto member>
std::string write_number(const Settings& settings) {
  return std::to_string(settings.*member);
}

template <auto member>
std::string write_bytes(const Settings& settings) {
  return memory_text(settings.*member);
}

template <auto member>
std::string write_text(const Settings& settings) {
  return settings.*member;
}

template <auto member>
constexpr Setting number(std::string_view key, std::uint64_t min, std::uint64_t max) {
  return {key, read_number<member>, write_number<member>, {}, min, max};
}

template <auto member, auto& words>
constexpr Setting flag(std::string_view key) {
  return {key, read_flag<member>, write_flag<member, words>, words};
}

template <typename Enum, auto member>
constexpr Setting one_of(std::string_view key) {
  return {key, read_enum<member>, write_enum<member>, words_of<Enum>};
}

void read_image(Settings& settings, const Setting& setting, const Node& value) {
  settings.image = read_name(value, std::string(setting.key));
}

void read_kernel_name(Settings& settings, const Setting& setting, const Node& value) {
  settings.kernel = read_kernel(value, std::string(setting.key));
}

void read_paging(Settings& settings, const Setting& setting, const Node& value) {
  settings.paging = Paging(read_word(value, std::string(setting.key), setting.words));
}

void read_model(Settings& settings, const Setting& setting, const Node& value) {
  const std::string model = read_name(value, std::string(setting.key));
  settings.cpu_model = model == "host" ? "" : model;
}

void read_cpu_features(Settings& settings, const Setting& setting, const Node& value) {
  static constexpr std::string_view encrypting[] = {"+sev", "+sev-es", "+sev-snp", "+tdx-guest"};
  settings.cpu_features = read_features(value, std::string(setting.key));
  for (const std::string& feature : settings.cpu_features)
    if (std::ranges::find(encrypting, feature) != std::end(encrypting))
      fail(
          value.where,
          fmt::format("guest.cpu.features has {}: encrypted guests (SEV, SEV-ES, SEV-SNP, TDX) are "
                      "not supported",
                      in_quotes(feature)),
          "leave it out");
}

void read_scratch_size(Settings& settings, const Setting& setting, const Node& value) {
  const bool none = value.kind == Node::Kind::scalar && value.text == "none";
  settings.scratch_size =
      none ? 0 : read_memory(value, std::string(setting.key), setting.min, setting.max);
}

void read_cmdline(Settings& settings, const Setting& setting, const Node& value) {
  settings.cmdline = read_line(value, std::string(setting.key), 1024);
}

// exit_scope is the parameter's name in the modules; which of the two was said, check() knows.
void read_scope(Settings& settings, const Setting& setting, const Node& value) {
  const std::size_t word = read_word(value, std::string(setting.key), setting.words);
  settings.parameters["exit_scope"] = setting.words[word];
}

std::string write_paging(const Settings& settings) {
  return settings.paging ? std::string(word(*settings.paging)) : "";
}

std::string write_model(const Settings& settings) {
  return settings.cpu_model.empty() ? "host" : settings.cpu_model;
}

std::string write_features(const Settings& settings) {
  return fmt::format("{}", fmt::join(settings.cpu_features, " "));
}

std::string write_scratch_size(const Settings& settings) {
  return settings.scratch_size == 0 ? "none" : memory_text(settings.scratch_size);
}

constexpr std::string_view scopes[] = {"vm", "host"};
constexpr Setting table[] = {
    {"image", read_image, write_text<&Settings::image>},
    number<&Settings::guests>("guest.count", 1, 8),
    number<&Settings::vcpus>("guest.vcpus", 1, 64),
    {"guest.memory",
     read_bytes<&Settings::memory>,
     write_bytes<&Settings::memory>,
     {},
     64 * mib,
     64 * gib},
    flag<&Settings::huge_pages, on_off>("guest.huge_pages"),
    one_of<Machine, &Settings::machine>("guest.machine"),
    {"guest.cpu.model", read_model, write_model},
    {"guest.cpu.features", read_cpu_features, write_features},
    one_of<DiskBus, &Settings::disk_bus>("guest.disk.bus"),
    one_of<DiskCache, &Settings::disk_cache>("guest.disk.cache"),
    {"guest.scratch.size", read_scratch_size, write_scratch_size, {}, mib, 64 * gib},
    one_of<DiskBus, &Settings::scratch_bus>("guest.scratch.bus"),
    one_of<DiskCache, &Settings::scratch_cache>("guest.scratch.cache"),
    one_of<Nic, &Settings::nic>("guest.nic.model"),
    one_of<Network, &Settings::network>("guest.nic.network"),
    one_of<Console, &Settings::console>("guest.console"),
    one_of<Clock, &Settings::clock>("guest.clock"),
    {"guest.cmdline", read_cmdline, write_text<&Settings::cmdline>},
    flag<&Settings::ksm, on_off>("host.ksm"),
    number<&Settings::samples>("samples", 0, 100),
    one_of<Exact, &Settings::exact>("exact"),
    one_of<Layout, &Settings::layout>("kvm.layout"),
    {"kvm.paging", read_paging, write_paging, words_of<Paging>},
    {"kvm.kernel", read_kernel_name, write_text<&Settings::kernel>},
    one_of<Processor, &Settings::processor>("kvm.processor"),
    {"kvm.scope", read_scope, nullptr, scopes},
};

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(table, key, &Setting::key);
  return found == std::end(table) ? nullptr : found;
}

// The keys that may stand in the map that `group` names, "guest" or "guest.disk"; empty: no map.
std::vector<std::string_view> keys_of(std::string_view group) {
  std::vector<std::string_view> keys;
  if (group == "kvm") keys.push_back("parameters");
  for (const Setting& setting : table) {
    if (setting.key.size() <= group.size() || !setting.key.starts_with(group)) continue;
    if (setting.key[group.size()] != '.') continue;
    const std::string_view rest = setting.key.substr(group.size() + 1);
    const std::string_view key = rest.substr(0, rest.find('.'));
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

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

// The leaves are answered, and the reader is asked, by registers that the host cannot see in a
// guest whose state is encrypted; and no guest of lab's is started as one.
void check_not_encrypted(const std::string& name, const std::string& text, const Node& value) {
  static constexpr std::string_view parameters[] = {"sev", "sev_es", "sev_snp", "tdx"};
  static constexpr std::string_view off[] = {"0", "n", "N", "off", "no"};
  if (std::ranges::find(parameters, name) == std::end(parameters)) return;
  if (std::ranges::find(off, text) != std::end(off)) return;
  fail(value.where,
       fmt::format("kvm.parameters.{} = {}: encrypted guests (SEV, SEV-ES, SEV-SNP, TDX) are not "
                   "supported",
                   name, text),
       "0, or leave it out");
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
  check_not_encrypted(name, text, value);
  if (name == "exit_scope") read_word(value, what, scopes);
  settings.parameters[name] = text;
  if (settings.parameters.size() > 64) fail(value.where, "more than 64 module parameters");
}

}  // namespace

std::span<const Setting> settings_table() {
  return table;
}

std::string canonical_key(std::string_view key) {
  return key == "paging" ? "kvm.paging" : std::string(key);
}

bool is_setting(std::string_view key) {
  return key.starts_with(parameter_prefix) || find_setting(key);
}

std::string setting_keys() {
  std::string text;
  for (const Setting& setting : table) text += std::string(setting.key) + ", ";
  return text + "kvm.parameters.NAME";
}

std::string nearest_setting(std::string_view key) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : table) keys.push_back(setting.key);
  return did_you_mean(key, keys);
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
  const auto keys = keys_of(group);
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
