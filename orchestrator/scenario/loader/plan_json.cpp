// SPDX-License-Identifier: MIT
// Writes and reads a trial's plan as JSON, for the job of an outer VM and for the baselines that
// people commit. A plan uses a scenario's words and the scenario's own readers, so it may contain
// only what a scenario may contain, and whatever is absent has its default.
#include "orchestrator/scenario/loader/plan_json.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/keys/scenario_keys.hpp"
#include "orchestrator/scenario/keys/settings.hpp"
#include "orchestrator/scenario/plans/draft.hpp"
#include "orchestrator/scenario/yaml/values.hpp"

namespace lab::scenario {
namespace {

using json = nlohmann::ordered_json;  // in the order of a scenario

constexpr int version = 2;
constexpr const char* plan_place = "trial plan";  // in messages

json settings_json(const Settings& settings) {
  json object = json::object();
  for (const Setting& setting : settings_table())
    if (setting.write != nullptr)
      if (const std::string text = setting.write(settings); !text.empty())
        object[std::string(setting.key)] = text;
  for (const auto& [name, value] : settings.parameters) object["kvm.parameters." + name] = value;
  return object;
}

json action_json(const HostAction& action) {
  switch (action.kind) {
    case ActionKind::pause:
      return duration_text(action.duration);
    case ActionKind::pin:
      return {{"vcpu", action.vcpu}, {"cpus", action.cpus}};
    case ActionKind::balloon:
      return memory_text(action.memory);
    case ActionKind::plug:
    case ActionKind::unplug:
      return to_string(action.device);
    case ActionKind::key:
      return action.keys;
    case ActionKind::save_restore:
      break;
  }
  return nullptr;
}

json step_json(const Step& step) {
  json object = json::object();
  const auto say = [&](const char* key, const std::string& text) {
    if (!text.empty()) object[key] = text;
  };
  if (step.kind == StepKind::boot) {
    object["until"] = to_string(step.until);
    if (step.until == BootUntil::console) object["until"] = {{"console", step.pattern}};
  } else {
    object["name"] = step.name;
  }
  say("command", step.command);
  say("stdin", step.input);
  say("background", step.background);
  if (step.kind == StepKind::run) object["times"] = step.times;
  if (step.duration.count() != 0) object["duration"] = duration_text(step.duration);
  if (step.kind == StepKind::host)
    object[std::string(to_string(step.host.kind))] = action_json(step.host);
  if (step.timeout.count() != 0) object["timeout"] = duration_text(step.timeout);
  return {{to_string(step.kind), object}};
}

json expectation_json(const Expectation& expectation) {
  json object = {{"step", expectation.step}};
  if (expectation.category)
    object["category"] = exits::to_string(*expectation.category);
  else
    object["reason"] = expectation.reason;
  if (!expectation.cause.empty()) object["cause"] = expectation.cause;
  if (expectation.per_second) object["per"] = "second";
  if (expectation.min) object["min"] = *expectation.min;
  if (expectation.max) object["max"] = *expectation.max;
  return object;
}

json timeouts_json(const Timeouts& timeouts) {
  return {{"trial", duration_text(timeouts.trial)},
          {"boot", duration_text(timeouts.boot)},
          {"step", duration_text(timeouts.step)},
          {"shutdown", duration_text(timeouts.shutdown)}};
}

// Converts the value to a node as if it were in a scenario.
Node to_node(const json& value) {
  Node node;
  node.where = plan_place;
  if (value.is_array()) {
    node.kind = Node::Kind::list;
    for (const json& item : value) node.items.push_back(to_node(item));
  } else if (value.is_object()) {
    node.kind = Node::Kind::map;
    for (const auto& [key, element] : value.items())
      node.entries.push_back({key, plan_place, to_node(element)});
  } else if (!value.is_null()) {
    node.kind = Node::Kind::scalar;
    node.text = value.is_string() ? value.get<std::string>() : value.dump();
    node.plain = !value.is_string();
  }
  return node;
}

void check_version(const json& object) {
  const std::uint64_t is = base::field<std::uint64_t>(object, "version");
  if (is != version)
    throw base::infrastructure_error(std::string(plan_place) + ": made by a newer lab (version " +
                                     std::to_string(is) + ", this one knows " +
                                     std::to_string(version) + ")");
}

// Reads an optional number.
std::uint32_t number_in(const json& object, const char* name, std::uint32_t otherwise,
                        std::uint32_t max) {
  if (!object.contains(name)) return otherwise;
  return std::uint32_t(base::whole_number(object[name], name, 1, max));
}

// Each pair sets a setting, as a matrix's values do.
Cell cell_from(const json& value, Settings settings) {
  Cell cell = value.get<Cell>();
  for (const auto& [key, text] : cell) apply_setting(settings, key, text, plan_place);
  return cell;
}

// Reads which of a scenario's trials it is.
void read_place(const json& object, TrialPlan& plan) {
  constexpr std::uint32_t most_repeats = 10'000, most_trials = 1'000'000;
  constexpr std::size_t longest_name = 16'384;
  plan.name = read_line(to_node(base::need(object, "name")), "name", longest_name);
  if (object.contains("cell")) plan.cell = cell_from(object["cell"], plan.settings);
  plan.repeat = number_in(object, "repeat", plan.repeat, most_trials);
  plan.repeats = number_in(object, "repeats", plan.repeats, most_repeats);
  plan.warmup = object.value("warmup", plan.warmup);
}

TrialPlan plan_from(const json& object) {
  check_version(object);
  Draft draft;
  draft.place = draft.scenario.file = plan_place;
  Scenario& scenario = draft.scenario;
  scenario.name = read_name(to_node(base::need(object, "scenario")), "scenario");
  for (const auto& [key, value] : base::need(object, "settings").items())
    apply_setting(scenario.settings, key, to_node(value).text, plan_place);  // as from --set
  if (object.contains("timeouts")) read_timeouts(scenario, to_node(object["timeouts"]));
  scenario.steps = read_steps(to_node(base::need(object, "steps")));
  draft.step_places.resize(scenario.steps.size(), plan_place);
  if (object.contains("expect")) read_expect(draft, to_node(object["expect"]));
  check(draft);
  TrialPlan plan = expand(scenario).front();
  read_place(object, plan);
  return plan;
}

}  // namespace

json to_object(const TrialPlan& plan) {
  json object = {{"version", version},
                 {"scenario", plan.scenario},
                 {"name", plan.name},
                 {"cell", plan.cell},
                 {"repeat", plan.repeat},
                 {"repeats", plan.repeats},
                 {"warmup", plan.warmup},
                 {"settings", settings_json(plan.settings)},
                 {"timeouts", timeouts_json(plan.timeouts)},
                 {"steps", json::array()}};
  for (const Step& step : plan.steps) object["steps"].push_back(step_json(step));
  for (const Expectation& item : plan.expect) object["expect"].push_back(expectation_json(item));
  return object;
}

TrialPlan plan_from_object(const json& object) {
  try {
    return plan_from(object.contains("version") ? object : to_object(plan_from_v1(object)));
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string(plan_place) + ": " + error.what());
  }
}

}  // namespace lab::scenario
