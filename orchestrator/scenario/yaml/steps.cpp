// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/yaml/steps.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/scenario/yaml/values.hpp"
#include "orchestrator/scenario/yaml/words.hpp"

namespace lab::scenario {
namespace {

constexpr std::size_t command_limit = 65536;  // of the reader's protocol
constexpr std::size_t pattern_limit = 256;

// "- reboot:" is as good as "- reboot: {}".
Node map_or_nothing(const Node& node) {
  Node map = node;
  if (map.kind == Node::Kind::null) map.kind = Node::Kind::map;
  return map;
}

void read_timeout(const MapReader& map, Step& step) {
  if (const Node* timeout = map.find("timeout")) step.timeout = read_duration(*timeout, "timeout");
}

void read_step_name(const MapReader& map, Step& step, std::string_view otherwise) {
  const Node* name = map.find("name");
  step.name = name ? read_name(*name, "name") : std::string(otherwise);
}

void read_until(const Node& node, Step& step) {
  if (node.kind != Node::Kind::map) {
    // The last word is the key of a map.
    step.until = BootUntil(read_word(node, "until", words_of<BootUntil>.first(5)));
    return;
  }
  const MapReader map(node, "until", {"console"});
  step.until = BootUntil::console;
  step.pattern = read_line(map.need("console"), "console", pattern_limit);
  if (step.pattern.empty()) {
    fail(map.need("console").where, "console must be text to wait for, not ''");
  }
}

Step read_boot(const Node& node) {
  const Node contents = map_or_nothing(node);
  const MapReader map(contents, "boot", {"until", "timeout"});
  Step step;
  if (const Node* until = map.find("until")) read_until(*until, step);
  read_timeout(map, step);
  return step;
}

Step read_run(const Node& node) {
  const MapReader map(node, "run",
                      {"name", "command", "times", "stdin", "background", "duration", "timeout"});
  Step step;
  step.name = read_name(map.need("name"), "name");
  step.command = read_text(map.need("command"), "command", command_limit);
  if (const Node* times = map.find("times")) {
    step.times = std::uint32_t(read_integer(*times, "times", 1, 1000000));
  }
  if (const Node* input = map.find("stdin")) {
    step.input = read_text(*input, "stdin", command_limit);
  }
  if (const Node* load = map.find("background")) {
    step.background = read_text(*load, "background", command_limit);
  }
  if (const Node* duration = map.find("duration")) {
    step.duration = read_milliseconds(*duration, "duration");
  }
  read_timeout(map, step);
  return step;
}

Step read_sleep(const Node& node) {
  Step step;
  if (node.kind == Node::Kind::scalar) {
    step.name = "sleep";
    step.duration = read_milliseconds(node, "sleep");
    return step;
  }
  const MapReader map(node, "sleep", {"name", "duration", "timeout"});
  read_step_name(map, step, "sleep");
  step.duration = read_milliseconds(map.need("duration"), "duration");
  read_timeout(map, step);
  return step;
}

Step read_plain(const Node& node, StepKind kind) {
  const Node contents = map_or_nothing(node);
  const MapReader map(contents, std::string(word(kind)), {"name", "timeout"});
  Step step;
  read_step_name(map, step, word(kind));
  read_timeout(map, step);
  return step;
}

HostAction read_pin(const Node& node) {
  const MapReader map(node, "pin", {"vcpu", "cpus"});
  HostAction action;
  action.vcpu = std::uint32_t(read_integer(map.need("vcpu"), "vcpu", 0, 63));
  action.cpus = read_cpus(map.need("cpus"), "cpus");
  return action;
}

HostAction read_action(ActionKind kind, const Node& node) {
  HostAction action;
  switch (kind) {
    case ActionKind::pause:
      action.duration = read_milliseconds(node, "pause");
      break;
    case ActionKind::pin:
      action = read_pin(node);
      break;
    case ActionKind::balloon:
      action.memory = read_memory(node, "balloon", 64 * mib, 64 * gib);
      break;
    case ActionKind::plug:
    case ActionKind::unplug:
      action.device = PlugDevice(read_word(node, std::string(word(kind)), words_of<PlugDevice>));
      break;
    case ActionKind::key:
      action.keys = read_keys(node, "key");
      break;
    case ActionKind::save_restore:
      if (node.kind != Node::Kind::null) {
        fail(node.where, "save-restore takes no value", "write 'save-restore:'");
      }
      break;
  }
  action.kind = kind;
  return action;
}

Step read_host(const Node& node) {
  std::vector<std::string_view> keys = {"name", "timeout"};
  keys.insert(keys.end(), words_of<ActionKind>.begin(), words_of<ActionKind>.end());
  const MapReader map(node, "host", keys);
  const std::string remedy = "actions: " + join(words_of<ActionKind>);
  Step step;
  bool found = false;
  for (std::size_t i = 0; i < words_of<ActionKind>.size(); ++i) {
    const Node* value = map.find(words_of<ActionKind>[i]);
    if (!value) continue;
    if (found) fail(value->where, "a host step does one thing", "write two steps");
    found = true;
    step.host = read_action(ActionKind(i), *value);
  }
  if (!found) fail(node.where, "host lacks an action", remedy);
  read_step_name(map, step, word(step.host.kind));
  read_timeout(map, step);
  return step;
}

Step read_kind(StepKind kind, const Node& node) {
  switch (kind) {
    case StepKind::boot:
      return read_boot(node);
    case StepKind::run:
      return read_run(node);
    case StepKind::sleep:
      return read_sleep(node);
    case StepKind::reboot:
    case StepKind::shutdown:
      return read_plain(node, kind);
    case StepKind::host:
      break;
  }
  return read_host(node);
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

// What is plugged when: a device comes once and goes only after that.
void check_plugs(const std::vector<Step>& steps, const Node& node) {
  bool plugged[2] = {false, false};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const HostAction& action = steps[i].host;
    const bool plug = action.kind == ActionKind::plug;
    if (steps[i].kind != StepKind::host || (!plug && action.kind != ActionKind::unplug)) continue;
    bool& there = plugged[std::size_t(action.device)];
    if (there == plug) {
      fail(node.items[i].where,
           fmt::format("{} is {} here", word(action.device),
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
    // A reboot is over when the reader is there again.
    if (step.kind == StepKind::reboot && steps[0].until <= BootUntil::cloud_init) {
      step.until = steps[0].until;
    }
    steps.push_back(std::move(step));
  }
  check_plugs(steps, node);
  return steps;
}

}  // namespace lab::scenario
