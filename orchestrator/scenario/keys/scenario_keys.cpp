// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/keys/scenario_keys.hpp"

#include <algorithm>

#include "orchestrator/scenario/keys/read_member.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

constexpr std::string_view automatic[] = {"auto"};

void read_repeat(Scenario& scenario, const KeyInfo& key, const Node& node) {
  scenario.repeat_auto =
      node.kind == Node::Kind::scalar && node.plain && node.text == key.form.words[0];
  scenario.repeat = scenario.repeat_auto
                        ? 1
                        : std::uint32_t(read_integer(node, "repeat, where it is not auto,",
                                                     key.form.min, key.form.max));
}

template <auto limit>
void read_timeout(Scenario& scenario, const KeyInfo& key, const Node& node) {
  scenario.timeouts.*limit = read_duration(node, std::string(key.key));
}

template <auto member>
std::string write_number(const Scenario& scenario) {
  return std::to_string(scenario.*member);
}

template <auto limit>
std::string write_timeout(const Scenario& scenario) {
  const auto seconds = (scenario.timeouts.*limit).count();
  return seconds % 60 == 0 ? std::to_string(seconds / 60) + " min" : std::to_string(seconds) + " s";
}

template <auto limit>
constexpr ScenarioKey timeout(std::string_view key, std::string_view meaning) {
  return {{key, a_duration, meaning}, read_timeout<limit>, write_timeout<limit>, true};
}

constexpr ScenarioKey all_keys[] = {
    {{"version", {}, "of this format", required_key, "`1`"}},
    {{"name", a_name, "names trials and records", required_key},
     read_by<&Scenario::name, read_name>,
     nullptr,
     true},
    {{"description", text_form(1, 4096), "for people", "none"}, read_text<&Scenario::description>},
    {{"extends",
      {.type = Form::Type::path},
      "[another scenario](#extends) that this one changes",
      "none",
      "a path from this file"}},
    {{"kvm.parameters",
      {},
      "parameters of the kvm modules, any of theirs: `{npt: 0, halt_poll_ns: 0}`",
      "none",
      "names of lower-case letters, digits and `_`; values without blanks and quotes; at most 64"}},
    {{"matrix",
      {},
      "settings to vary, each with a list of values; every combination is a cell",
      "one cell",
      "[below](#matrix)"}},
    {{"repeat",
      {Form::Type::number, 1, 10000, automatic},
      "trials of each cell; `auto`: one where counts are exact, 8 where they vary, which is what a "
      "[check](../orchestrator/help/gate.md) needs at least"},
     read_repeat,
     write_number<&Scenario::repeat>,
     true},
    {{"warmup", number_form(0, 100),
      "trials of each cell before those; they run, and are not kept"},
     read_number<&Scenario::warmup>,
     write_number<&Scenario::warmup>,
     true},
    timeout<&Timeouts::trial>("timeouts.trial", "limit of one whole trial"),
    timeout<&Timeouts::boot>("timeouts.boot", "limit of a boot or reboot step that names none"),
    timeout<&Timeouts::step>("timeouts.step", "limit of any other step that names none"),
    timeout<&Timeouts::shutdown>("timeouts.shutdown", "limit of a shutdown step that names none"),
    {{"steps",
      {Form::Type::special, 1, steps_limit},
      "what happens, in order",
      required_key,
      " [steps](#steps), `boot` first and only there"}},
    {{"expect",
      {Form::Type::special, 1, expect_limit},
      "bounds on counts",
      "none",
      ", [below](#expect)"}},
    {{"floors",
      {Form::Type::special, 0, floors_limit},
      "the size of change that matters when trials are compared with a baseline (`lab check`, `lab "
      "compare`): of the total, of a category, or of an exit reason by its name or number",
      "those of the comparison: `1 %` of the total, of a reason `5 %` of itself",
      ", each `0 %` to `1000 %` or `ignore`, [below](#floors)"}},
};

// Adds the part of the key after `group`, up to the next dot.
void add_key_in(std::vector<std::string_view>& keys, std::string_view group, std::string_view key) {
  if (!group.empty()) {
    if (!key.starts_with(group) || !key.substr(group.size()).starts_with('.')) return;
    key.remove_prefix(group.size() + 1);
  }
  key = key.substr(0, key.find('.'));
  if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
}

}  // namespace

std::span<const ScenarioKey> scenario_keys() {
  return all_keys;
}

std::vector<std::string_view> keys_in(std::string_view group) {
  std::vector<std::string_view> keys;
  for_each_key([&](const KeyInfo& key) { add_key_in(keys, group, key.key); });
  return keys;
}

void read_timeouts(Scenario& scenario, const Node& node) {
  const MapReader map(node, "timeouts", keys_in("timeouts"));
  for (const Entry& entry : node.entries) {
    const auto key = std::ranges::find(all_keys, "timeouts." + entry.key, &ScenarioKey::key);
    key->read(scenario, *key, entry.value);
  }
}

}  // namespace lab::scenario
