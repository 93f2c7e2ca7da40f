// SPDX-License-Identifier: MIT
// Reads plans as labs wrote them into baselines before plans had a version: each setting has a name
// of its own, and all are present. Nothing is added here any more.
#include "orchestrator/scenario/loader/plan_json.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {
namespace {

using json = nlohmann::ordered_json;

template <typename Value>
requires std::is_enum_v<Value>
void get(const json& object, const char* key, Value& value) {
  const auto text = base::field<std::string>(object, key);
  const auto words = words_of<Value>;
  const auto found = std::ranges::find(words, text);
  if (found == words.end()) throw base::infrastructure_error("trial plan: unknown word " + text);
  value = Value(found - words.begin());
}

template <typename Value>
requires(!std::is_enum_v<Value>) void get(const json& object, const char* key, Value& value) {
  base::read_field(object, key, value);
}

template <typename Rep, typename Period>
void get(const json& object, const char* key, std::chrono::duration<Rep, Period>& value) {
  constexpr std::uint64_t day = 86'400'000;  // in milliseconds, and more than any in seconds
  value =
      std::chrono::duration<Rep, Period>(base::whole_number(base::need(object, key), key, 0, day));
}

// Reads members of `value` from fields of their names.
#define GET(member) get(object, #member, value.member);
#define GET_ALL(...) LAB_JSON_EACH(GET, __VA_ARGS__)

Settings settings_from(const json& object) {
  Settings value;
  GET_ALL(image, guests, vcpus, memory, huge_pages, machine, cpu_model, cpu_features, disk_bus,
          disk_cache, scratch_size, scratch_bus, scratch_cache, nic, network, console, clock,
          cmdline, ksm, samples, layout, kernel, parameters)
  value.exact = base::field<bool>(object, "exact") ? Exact::always : Exact::never;
  if (object.contains("paging")) get(object, "paging", value.paging.emplace());
  // Plans from before this setting lack it; all other fields are in every such plan.
  if (object.contains("processor")) GET(processor)
  return value;
}

HostAction action_from(const json& object) {
  HostAction value;
  GET_ALL(kind, vcpu, cpus, memory, device, keys)
  get(object, "milliseconds", value.duration);
  return value;
}

Step step_from(const json& object) {
  Step value;
  GET_ALL(kind, name, until, pattern, command, input, background, times, timeout)
  get(object, "milliseconds", value.duration);
  value.host = action_from(base::need(object, "host"));
  return value;
}

Expectation expectation_from(const json& object) {
  Expectation value;
  GET_ALL(step, reason, per_second, where, min, max)
  if (object.contains("category")) {
    const auto text = base::field<std::string>(object, "category");
    value.category = exits::parse_category(text);
    if (!value.category) throw base::infrastructure_error("trial plan: unknown " + text);
  }
  return value;
}

Timeouts timeouts_from(const json& object) {
  Timeouts value;
  GET_ALL(trial, boot, step, shutdown)
  return value;
}

}  // namespace

TrialPlan plan_from_v1(const json& object) {
  TrialPlan value;
  GET_ALL(scenario, name, cell, repeat, repeats, warmup)
  value.settings = settings_from(base::need(object, "settings"));
  value.timeouts = timeouts_from(base::need(object, "timeouts"));
  for (const json& step : base::need(object, "steps")) value.steps.push_back(step_from(step));
  for (const json& item : base::need(object, "expect"))
    value.expect.push_back(expectation_from(item));
  return value;
}

}  // namespace lab::scenario
