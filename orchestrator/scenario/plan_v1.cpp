// SPDX-License-Identifier: MIT
// Plans as labs wrote them into baselines before plans had a version: each setting under a name of
// its own, all of them there. Nothing is added here any more.
#include "orchestrator/scenario/plan_v1.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/categories.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/scenario/yaml/words.hpp"

namespace lab::scenario {
namespace {

using json = nlohmann::ordered_json;

template <typename Enum>
void get_word(const json& object, const char* key, Enum& value) {
  const std::string text = object.at(key).get<std::string>();
  const auto words = words_of<Enum>;
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) throw base::infrastructure_error("trial plan: unknown word " + text);
  value = Enum(found - words.begin());
}

template <typename Number>
void get_number(const json& object, const char* key, Number& value,
                std::uint64_t max = std::numeric_limits<Number>::max()) {
  value = Number(base::whole_number(object.at(key), key, 0, max));
}

template <typename Rep, typename Period>
void get_time(const json& object, const char* key, std::chrono::duration<Rep, Period>& value) {
  constexpr std::uint64_t day = 86'400'000;  // in milliseconds, and more than any in seconds
  Rep count = 0;
  get_number(object, key, count, day);
  value = std::chrono::duration<Rep, Period>(count);
}

void get_devices(const json& object, Settings& settings) {
  get_word(object, "machine", settings.machine);
  object.at("cpu_model").get_to(settings.cpu_model);
  object.at("cpu_features").get_to(settings.cpu_features);
  get_word(object, "disk_bus", settings.disk_bus);
  get_word(object, "disk_cache", settings.disk_cache);
  get_number(object, "scratch_size", settings.scratch_size);
  get_word(object, "scratch_bus", settings.scratch_bus);
  get_word(object, "scratch_cache", settings.scratch_cache);
  get_word(object, "nic", settings.nic);
  get_word(object, "network", settings.network);
}

Settings settings_from(const json& object) {
  Settings settings;
  object.at("image").get_to(settings.image);
  get_number(object, "guests", settings.guests);
  get_number(object, "vcpus", settings.vcpus);
  get_number(object, "memory", settings.memory);
  object.at("huge_pages").get_to(settings.huge_pages);
  get_devices(object, settings);
  get_word(object, "console", settings.console);
  get_word(object, "clock", settings.clock);
  object.at("cmdline").get_to(settings.cmdline);
  object.at("ksm").get_to(settings.ksm);
  get_number(object, "samples", settings.samples);
  settings.exact = object.at("exact").get<bool>() ? Exact::always : Exact::never;
  get_word(object, "layout", settings.layout);
  if (object.contains("paging")) get_word(object, "paging", settings.paging.emplace());
  object.at("kernel").get_to(settings.kernel);
  // Plans from before there was this setting lack it; all other fields are in every such plan.
  if (object.contains("processor")) get_word(object, "processor", settings.processor);
  object.at("parameters").get_to(settings.parameters);
  return settings;
}

HostAction action_from(const json& object) {
  HostAction action;
  get_word(object, "kind", action.kind);
  get_time(object, "milliseconds", action.duration);
  get_number(object, "vcpu", action.vcpu);
  object.at("cpus").get_to(action.cpus);
  get_number(object, "memory", action.memory);
  get_word(object, "device", action.device);
  object.at("keys").get_to(action.keys);
  return action;
}

Step step_from(const json& object) {
  Step step;
  get_word(object, "kind", step.kind);
  object.at("name").get_to(step.name);
  get_word(object, "until", step.until);
  object.at("pattern").get_to(step.pattern);
  object.at("command").get_to(step.command);
  object.at("input").get_to(step.input);
  object.at("background").get_to(step.background);
  get_number(object, "times", step.times);
  get_time(object, "milliseconds", step.duration);
  step.host = action_from(object.at("host"));
  get_time(object, "timeout", step.timeout);
  return step;
}

Expectation expectation_from(const json& object) {
  Expectation expectation;
  object.at("step").get_to(expectation.step);
  object.at("reason").get_to(expectation.reason);
  object.at("per_second").get_to(expectation.per_second);
  object.at("where").get_to(expectation.where);
  if (object.contains("category")) {
    const std::string text = object.at("category").get<std::string>();
    expectation.category = parse_category(text);
    if (!expectation.category) throw base::infrastructure_error("trial plan: unknown " + text);
  }
  if (object.contains("min")) get_number(object, "min", expectation.min.emplace());
  if (object.contains("max")) get_number(object, "max", expectation.max.emplace());
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
  object.at("scenario").get_to(plan.scenario);
  object.at("name").get_to(plan.name);
  object.at("cell").get_to(plan.cell);
  get_number(object, "repeat", plan.repeat);
  get_number(object, "repeats", plan.repeats);
  object.at("warmup").get_to(plan.warmup);
  plan.settings = settings_from(object.at("settings"));
  plan.timeouts = timeouts_from(object.at("timeouts"));
  for (const json& step : object.at("steps")) plan.steps.push_back(step_from(step));
  for (const json& item : object.at("expect")) plan.expect.push_back(expectation_from(item));
  return plan;
}

}  // namespace lab::scenario
