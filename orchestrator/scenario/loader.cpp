// SPDX-License-Identifier: MIT
// From YAML and --set to a Scenario.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/exits/reasons.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/settings.hpp"
#include "orchestrator/scenario/steps.hpp"
#include "orchestrator/scenario/values.hpp"
#include "orchestrator/scenario/yaml.hpp"

namespace lab::scenario {
namespace {

constexpr std::uint64_t count_max = UINT64_MAX;
constexpr std::size_t axis_limit = 64, expect_limit = 256;

// Reads each value as it will be used, so that a bad one is found now and with its place.
Axis read_axis(const std::string& key, const Node& list) {
  Axis axis{canonical_key(key), {}};
  for (const Node& item : read_list(list, "matrix." + key, axis_limit)) {
    Settings scratch;
    apply_setting(scratch, axis.key, item);
    if (std::ranges::find(axis.values, item.text) != axis.values.end()) {
      fail(item.where, fmt::format("{} comes twice in matrix.{}", in_quotes(item.text), key),
           "for more trials of it, raise repeat");
    }
    axis.values.push_back(item.text);
  }
  return axis;
}

std::vector<Axis> read_matrix(const Node& node) {
  std::vector<Axis> matrix;
  for (const Entry& entry : read_map(node, "matrix")) {
    const std::string key = canonical_key(entry.key);
    if (!is_setting(key)) {
      fail(entry.where,
           fmt::format("matrix cannot vary {}{}", in_quotes(entry.key), nearest_setting(entry.key)),
           "it can vary: paging, " + setting_keys());
    }
    if (std::ranges::find(matrix, key, &Axis::key) != matrix.end()) {
      fail(entry.where, "matrix names kvm.paging twice", "'paging' is short for 'kvm.paging'");
    }
    matrix.push_back(read_axis(entry.key, entry.value));
  }
  return matrix;
}

std::chrono::seconds* timeout_of(Timeouts& timeouts, std::string_view key) {
  if (key == "trial") return &timeouts.trial;
  if (key == "boot") return &timeouts.boot;
  if (key == "shutdown") return &timeouts.shutdown;
  return key == "step" ? &timeouts.step : nullptr;
}

void read_timeouts(Timeouts& timeouts, const Node& node) {
  const MapReader map(node, "timeouts", {"trial", "boot", "step", "shutdown"});
  for (const Entry& entry : node.entries) {
    *timeout_of(timeouts, entry.key) = read_duration(entry.value, "timeouts." + entry.key);
  }
}

std::string read_reason(const Node& node) {
  const std::string text = read_text(node, "reason", 64);
  std::vector<std::string_view> names = {"total"};
  for (exits::Vendor vendor : {exits::Vendor::vmx, exits::Vendor::svm}) {
    if (exits::parse_reason(vendor, text)) return text;
    for (const exits::Reason& reason : exits::reasons(vendor)) names.push_back(reason.name);
  }
  if (text == "total") return text;
  fail(node.where, fmt::format("no exit reason {}{}", in_quotes(text), did_you_mean(text, names)),
       "total, a name as in EPT_VIOLATION or NPF, or a number");
}

Expectation read_expectation(const Node& node, const std::vector<Step>& steps) {
  const MapReader map(node, "expect", {"step", "reason", "min", "max"});
  Expectation expectation{.step = read_name(map.need("step"), "step"), .reason = "total"};
  if (std::ranges::find(steps, expectation.step, &Step::name) == steps.end()) {
    std::vector<std::string_view> names;
    for (const Step& step : steps) names.push_back(step.name);
    fail(map.need("step").where,
         fmt::format("no step {}{}", in_quotes(expectation.step),
                     did_you_mean(expectation.step, names)),
         "steps: " + join(names));
  }
  if (const Node* reason = map.find("reason")) expectation.reason = read_reason(*reason);
  if (const Node* min = map.find("min")) expectation.min = read_integer(*min, "min", 0, count_max);
  if (const Node* max = map.find("max")) expectation.max = read_integer(*max, "max", 0, count_max);
  if (!expectation.min && !expectation.max) fail(node.where, "expect needs min, max or both");
  if (expectation.min && expectation.max && *expectation.min > *expectation.max) {
    fail(node.where, fmt::format("min {} is above max {}", *expectation.min, *expectation.max));
  }
  return expectation;
}

void read_version(const Node& node) {
  if (node.kind == Node::Kind::scalar && node.text == "1") return;
  fail(node.where, fmt::format("version must be 1, not {}", in_quotes(node.text)),
       "a scenario of another version needs another lab");
}

Scenario read_scenario(const Node& root) {
  const MapReader map(root, "scenario",
                      {"version", "name", "description", "image", "guest", "host", "kvm", "samples",
                       "matrix", "repeat", "warmup", "timeouts", "steps", "expect"});
  read_version(map.need("version"));
  Scenario scenario;
  scenario.name = read_name(map.need("name"), "name");
  if (const Node* text = map.find("description")) {
    scenario.description = read_text(*text, "description", 4096);
  }
  if (const Node* image = map.find("image")) apply_setting(scenario.settings, "image", *image);
  SaidMap said;
  for (const std::string group : {"guest", "host", "kvm"}) {
    if (const Node* node = map.find(group)) apply_settings(scenario.settings, group, *node, said);
  }
  if (const Node* samples = map.find("samples")) {
    apply_setting(scenario.settings, "samples", *samples);
  }
  if (const Node* matrix = map.find("matrix")) scenario.matrix = read_matrix(*matrix);
  if (const Node* repeat = map.find("repeat")) {
    scenario.repeat = std::uint32_t(read_integer(*repeat, "repeat", 1, 10000));
  }
  if (const Node* warmup = map.find("warmup")) {
    scenario.warmup = std::uint32_t(read_integer(*warmup, "warmup", 0, 100));
  }
  if (const Node* timeouts = map.find("timeouts")) read_timeouts(scenario.timeouts, *timeouts);
  scenario.steps = read_steps(map.need("steps"));
  if (const Node* expect = map.find("expect")) {
    for (const Node& item : read_list(*expect, "expect", expect_limit)) {
      scenario.expect.push_back(read_expectation(item, scenario.steps));
    }
  }
  return scenario;
}

Node override_value(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.where = "--set";
  node.text = std::move(text);
  return node;
}

// "a,b,c": a whole axis.
Node override_list(const std::string& text) {
  Node list;
  list.kind = Node::Kind::list;
  list.where = "--set";
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    list.items.push_back(override_value(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return list;
}

void override_axis(Scenario& scenario, const std::string& key, const std::string& text) {
  Node matrix;
  matrix.kind = Node::Kind::map;
  matrix.where = "--set";
  matrix.entries.push_back({key, "--set", override_list(text)});
  Axis axis = std::move(read_matrix(matrix)[0]);
  const auto old = std::ranges::find(scenario.matrix, axis.key, &Axis::key);
  if (old == scenario.matrix.end()) {
    scenario.matrix.push_back(std::move(axis));
  } else {
    *old = std::move(axis);
  }
}

void override_one(Scenario& scenario, const std::string& key, const std::string& text) {
  const Node value = override_value(text);
  const std::string setting = canonical_key(key);
  if (key.starts_with("matrix.")) {
    override_axis(scenario, key.substr(7), text);
  } else if (is_setting(setting)) {
    apply_setting(scenario.settings, setting, value);
    std::erase_if(scenario.matrix, [&](const Axis& axis) { return axis.key == setting; });
  } else if (key == "repeat") {
    scenario.repeat = std::uint32_t(read_integer(value, "repeat", 1, 10000));
  } else if (key == "name") {
    scenario.name = read_name(value, "name");
  } else if (auto* timeout = key.starts_with("timeouts.")
                                 ? timeout_of(scenario.timeouts, key.substr(9))
                                 : nullptr) {
    *timeout = read_duration(value, key);
  } else {
    fail("--set", fmt::format("unknown key {}{}", in_quotes(key), nearest_setting(key)),
         "keys: paging, " + setting_keys() +
             ", matrix.KEY, name, repeat, timeouts.trial, timeouts.boot, timeouts.step");
  }
}

void apply_override(Scenario& scenario, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail("--set", "expected KEY=VALUE, not " + in_quotes(text), "as in --set guest.memory='1 GiB'");
  }
  override_one(scenario, text.substr(0, equals), text.substr(equals + 1));
}

bool varies(const Scenario& scenario, std::string_view key) {
  return std::ranges::find(scenario.matrix, key, &Axis::key) != scenario.matrix.end();
}

}  // namespace

Scenario parse(std::string_view yaml, const std::string& file,
               const std::vector<std::string>& overrides) {
  const Node root = parse_yaml(yaml, file);
  Scenario scenario = read_scenario(root);
  scenario.file = file;
  for (const std::string& text : overrides) apply_override(scenario, text);
  // Only now: --set may have named it.
  if (scenario.settings.image.empty() && !varies(scenario, "image")) {
    fail(root.where, "scenario lacks the key 'image'", "add it, as in 'image: debian-12'");
  }
  return scenario;
}

Scenario load(const std::string& file, const std::vector<std::string>& overrides) {
  std::string text;
  try {
    text = base::read_file(file, 1024 * 1024);
  } catch (const base::Error& error) {
    throw base::user_error(error.what(), "see scenarios/ for those that come with lab");
  }
  return parse(text, file, overrides);
}

}  // namespace lab::scenario
