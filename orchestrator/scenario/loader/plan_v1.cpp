// SPDX-License-Identifier: MIT
// Plans as labs wrote them into baselines before plans had a version: each setting under a name of
// its own, all of them there. Nothing is added here any more.
#include "orchestrator/scenario/loader/plan_v1.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/categories.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/words.hpp"

namespace lab::scenario {
namespace {

using json = nlohmann::ordered_json;

template <typename Value>
void get(const json& object, const char* key, Value& value) {
  if constexpr (std::is_enum_v<Value>) {
    const auto text = base::field<std::string>(object, key);
    const auto words = words_of<Value>;
    const auto found = std::ranges::find(words, text);
    if (found == words.end()) throw base::infrastructure_error("trial plan: unknown word " + text);
    value = Value(found - words.begin());
  } else {
    base::read_field(object, key, value);
  }
}

template <typename Rep, typename Period>
void get_time(const json& object, const char* key, std::chrono::duration<Rep, Period>& value) {
  constexpr std::uint64_t day = 86'400'000;  // in milliseconds, and more than any in seconds
  value =
      std::chrono::duration<Rep, Period>(base::whole_number(base::need(object, key), key, 0, day));
}

void get_devices(const json& object, Settings& settings) {
  get(object, "machine", settings.machine);
  get(object, "cpu_model", settings.cpu_model);
  get(object, "cpu_features", settings.cpu_features);
  get(object, "disk_bus", settings.disk_bus);
  get(object, "disk_cache", settings.disk_cache);
  get(object, "scratch_size", settings.scratch_size);
  get(object, "scratch_bus", settings.scratch_bus);
  get(object, "scratch_cache", settings.scratch_cache);
  get(object, "nic", settings.nic);
  get(object, "network", settings.network);
}

Settings settings_from(const json& object) {
  Settings settings;
  get(object, "image", settings.image);
  get(object, "guests", settings.guests);
  get(object, "vcpus", settings.vcpus);
  get(object, "memory", settings.memory);
  get(object, "huge_pages", settings.huge_pages);
  get_devices(object, settings);
  get(object, "console", settings.console);
  get(object, "clock", settings.clock);
  get(object, "cmdline", settings.cmdline);
  get(object, "ksm", settings.ksm);
  get(object, "samples", settings.samples);
  settings.exact = base::field<bool>(object, "exact") ? Exact::always : Exact::never;
  get(object, "layout", settings.layout);
  if (object.contains("paging")) get(object, "paging", settings.paging.emplace());
  get(object, "kernel", settings.kernel);
  // Plans from before there was this setting lack it; all other fields are in every such plan.
  if (object.contains("processor")) get(object, "processor", settings.processor);
  get(object, "parameters", settings.parameters);
  return settings;
}

HostAction action_from(const json& object) {
  HostAction action;
  get(object, "kind", action.kind);
  get_time(object, "milliseconds", action.duration);
  get(object, "vcpu", action.vcpu);
  get(object, "cpus", action.cpus);
  get(object, "memory", action.memory);
  get(object, "device", action.device);
  get(object, "keys", action.keys);
  return action;
}

Step step_from(const json& object) {
  Step step;
  get(object, "kind", step.kind);
  get(object, "name", step.name);
  get(object, "until", step.until);
  get(object, "pattern", step.pattern);
  get(object, "command", step.command);
  get(object, "input", step.input);
  get(object, "background", step.background);
  get(object, "times", step.times);
  get_time(object, "milliseconds", step.duration);
  step.host = action_from(base::need(object, "host"));
  get_time(object, "timeout", step.timeout);
  return step;
}

Expectation expectation_from(const json& object) {
  Expectation expectation;
  get(object, "step", expectation.step);
  get(object, "reason", expectation.reason);
  get(object, "per_second", expectation.per_second);
  get(object, "where", expectation.where);
  if (object.contains("category")) {
    const auto text = base::field<std::string>(object, "category");
    expectation.category = parse_category(text);
    if (!expectation.category) throw base::infrastructure_error("trial plan: unknown " + text);
  }
  get(object, "min", expectation.min);
  get(object, "max", expectation.max);
  return expectation;
}

Timeouts timeouts_from(const json& object) {
  Timeouts timeouts;
  get_time(object, "trial", timeouts.trial);
  get_time(object, "boot", timeouts.boot);
  get_time(object, "step", timeouts.step);
  get_time(object, "shutdown", timeouts.shutdown);
  return timeouts;
}

}  // namespace

TrialPlan plan_from_v1(const json& object) {
  TrialPlan plan;
  get(object, "scenario", plan.scenario);
  get(object, "name", plan.name);
  get(object, "cell", plan.cell);
  get(object, "repeat", plan.repeat);
  get(object, "repeats", plan.repeats);
  get(object, "warmup", plan.warmup);
  plan.settings = settings_from(base::need(object, "settings"));
  plan.timeouts = timeouts_from(base::need(object, "timeouts"));
  for (const json& step : base::need(object, "steps")) plan.steps.push_back(step_from(step));
  for (const json& item : base::need(object, "expect"))
    plan.expect.push_back(expectation_from(item));
  return plan;
}

}  // namespace lab::scenario
