// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/keys/scenario_keys.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/scenario/keys/step_keys.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

// Treats "- reboot:" as "- reboot: {}".
Node map_or_nothing(const Node& node) {
  Node map = node;
  if (map.kind == Node::Kind::null) map.kind = Node::Kind::map;
  return map;
}

void read_all(Step& step, std::span<const StepKey> keys, const MapReader& map) {
  for (const StepKey& key : keys) {
    const Node* value = key.otherwise == required_key ? &map.need(key.key) : map.find(key.key);
    if (value) key.read(step, key, *value);
  }
}

// Reads the one action of a host step.
void read_action(Step& step, const MapReader& map, const Node& node) {
  bool found = false;
  for (std::size_t i = 0; i < host_actions().size(); ++i) {
    const StepKey& action = host_actions()[i];
    const Node* value = map.find(action.key);
    if (!value) continue;
    if (found) fail(value->where, "a host step does one thing", "write two steps");
    found = true;
    action.read(step, action, *value);
    step.host.kind = ActionKind(i);
  }
  if (!found) {
    fail(node.where, "host lacks an action", "actions: " + join(words_of<ActionKind>));
  }
  step.name = to_string(step.host.kind);
}

Step read_kind(StepKind kind, const Node& node) {
  const StepForm& form = step_form(kind);
  Step step;
  step.name = to_string(kind);
  if (form.alone && node.kind == Node::Kind::scalar) {
    KeyInfo key = *form.alone;
    key.key = to_string(kind);
    form.alone->read(step, key, node);
    return step;
  }
  const Node contents = form.may_be_empty ? map_or_nothing(node) : node;
  std::vector<std::string_view> known = row_keys(form.keys);
  if (kind == StepKind::host)
    known.insert(known.end(), words_of<ActionKind>.begin(), words_of<ActionKind>.end());
  const MapReader map(contents, std::string(to_string(kind)), known);
  if (kind == StepKind::host) read_action(step, map, node);
  read_all(step, form.keys, map);
  return step;
}

Step read_step(const Node& node, bool first, bool last) {
  const MapReader map(node, "step", words_of<StepKind>);
  if (node.entries.size() != 1) {
    fail(node.where, "a step is one of " + join(words_of<StepKind>), "write two steps");
  }
  const Entry& entry = node.entries[0];
  const auto kind =
      StepKind(std::ranges::find(words_of<StepKind>, entry.key) - words_of<StepKind>.begin());
  if ((kind == StepKind::boot) != first) {
    fail(node.where, first ? "the first step must be boot" : "only the first step can be boot",
         "begin the steps with '- boot: {until: multi-user}', once; 'reboot' starts it again");
  }
  if (kind == StepKind::shutdown && !last) {
    fail(node.where, "only the last step can be shutdown", "move it to the end");
  }
  Step step = read_kind(kind, entry.value);
  step.kind = kind;
  return step;
}

// Checks that a device is plugged only where it is absent, and unplugged only where it is plugged.
void check_plugs(const std::vector<Step>& steps, const Node& node) {
  bool plugged[2] = {false, false};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const HostAction& action = steps[i].host;
    const bool plug = action.kind == ActionKind::plug;
    if (steps[i].kind != StepKind::host || (!plug && action.kind != ActionKind::unplug)) continue;
    bool& there = plugged[std::size_t(action.device)];
    if (there == plug) {
      fail(node.items[i].where,
           fmt::format("{} is {} here", to_string(action.device),
                       plug ? "plugged already" : "not plugged"),
           plug ? "unplug it before" : "plug it in an earlier step");
    }
    there = plug;
  }
}

}  // namespace

std::vector<Step> read_steps(const Node& node) {
  std::vector<Step> steps;
  const auto& items = read_list(node, "steps", steps_limit);
  for (const Node& item : items) {
    Step step = read_step(item, steps.empty(), &item == &items.back());
    if (std::ranges::find(steps, step.name, &Step::name) != steps.end()) {
      fail(item.where, fmt::format("a second step named '{}'", step.name),
           "give it another name, as in 'name: again'");
    }
    // A reboot ends when the reader runs again.
    if (step.kind == StepKind::reboot && steps[0].until <= BootUntil::cloud_init) {
      step.until = steps[0].until;
    }
    steps.push_back(std::move(step));
  }
  check_plugs(steps, node);
  return steps;
}

}  // namespace lab::scenario
