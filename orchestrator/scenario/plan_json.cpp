// SPDX-License-Identifier: MIT
// A trial's plan on its way to the outer VM.
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {
namespace {

using nlohmann::json;

template <typename Enum>
Enum enumerator(const json& value, std::initializer_list<Enum> all) {
  for (Enum candidate : all) {
    if (value.get<std::string>() == to_string(candidate)) return candidate;
  }
  throw base::infrastructure_error("trial plan: unknown word " + value.dump());
}

json settings_json(const Settings& settings) {
  json object = {{"image", settings.image},
                 {"vcpus", settings.vcpus},
                 {"memory", settings.memory},
                 {"console", to_string(settings.console)},
                 {"layout", exits::to_string(settings.layout)},
                 {"parameters", settings.parameters}};
  if (settings.paging) object["paging"] = to_string(*settings.paging);
  if (!settings.kernel.empty()) object["kernel"] = settings.kernel;
  return object;
}

Settings settings_from(const json& object) {
  Settings settings;
  object.at("image").get_to(settings.image);
  object.at("vcpus").get_to(settings.vcpus);
  object.at("memory").get_to(settings.memory);
  settings.console =
      enumerator(object.at("console"), {Console::quiet, Console::verbose, Console::none});
  settings.layout =
      enumerator(object.at("layout"),
                 {exits::Layout::descending, exits::Layout::ascending, exits::Layout::combined});
  if (object.contains("paging")) {
    settings.paging = enumerator(object.at("paging"), {Paging::nested, Paging::shadow});
  }
  settings.kernel = object.value("kernel", "");
  object.at("parameters").get_to(settings.parameters);
  return settings;
}

json step_json(const Step& step) {
  json object = {{"name", step.name}, {"timeout", step.timeout.count()}};
  if (step.kind == Step::Kind::boot) {
    object["until"] = to_string(step.until);
  } else {
    object["command"] = step.command;
  }
  return object;
}

Step step_from(const json& object) {
  Step step;
  object.at("name").get_to(step.name);
  step.timeout = std::chrono::seconds(object.at("timeout").get<std::int64_t>());
  if (object.contains("command")) {
    step.kind = Step::Kind::run;
    object.at("command").get_to(step.command);
  } else {
    step.until = enumerator(object.at("until"), {BootUntil::multi_user, BootUntil::reader});
  }
  return step;
}

json expectation_json(const Expectation& expectation) {
  json object = {{"step", expectation.step}, {"reason", expectation.reason}};
  if (expectation.min) object["min"] = *expectation.min;
  if (expectation.max) object["max"] = *expectation.max;
  return object;
}

Expectation expectation_from(const json& object) {
  Expectation expectation;
  object.at("step").get_to(expectation.step);
  object.at("reason").get_to(expectation.reason);
  if (object.contains("min")) expectation.min = object.at("min").get<std::uint64_t>();
  if (object.contains("max")) expectation.max = object.at("max").get<std::uint64_t>();
  return expectation;
}

TrialPlan plan_from(const json& object) {
  TrialPlan plan;
  object.at("scenario").get_to(plan.scenario);
  object.at("name").get_to(plan.name);
  object.at("cell").get_to(plan.cell);
  object.at("repeat").get_to(plan.repeat);
  object.at("repeats").get_to(plan.repeats);
  plan.settings = settings_from(object.at("settings"));
  const json& timeouts = object.at("timeouts");
  plan.timeouts = {std::chrono::seconds(timeouts.at("trial").get<std::int64_t>()),
                   std::chrono::seconds(timeouts.at("boot").get<std::int64_t>()),
                   std::chrono::seconds(timeouts.at("step").get<std::int64_t>())};
  for (const json& step : object.at("steps")) plan.steps.push_back(step_from(step));
  for (const json& item : object.at("expect")) plan.expect.push_back(expectation_from(item));
  return plan;
}

}  // namespace

std::string to_json(const TrialPlan& plan) {
  json object = {{"scenario", plan.scenario},
                 {"name", plan.name},
                 {"cell", plan.cell},
                 {"repeat", plan.repeat},
                 {"repeats", plan.repeats},
                 {"settings", settings_json(plan.settings)},
                 {"timeouts",
                  {{"trial", plan.timeouts.trial.count()},
                   {"boot", plan.timeouts.boot.count()},
                   {"step", plan.timeouts.step.count()}}},
                 {"steps", json::array()},
                 {"expect", json::array()}};
  for (const Step& step : plan.steps) object["steps"].push_back(step_json(step));
  for (const Expectation& item : plan.expect) object["expect"].push_back(expectation_json(item));
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

TrialPlan plan_from_json(std::string_view text) {
  try {
    return plan_from(json::parse(text));
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("trial plan: ") + error.what());
  }
}

}  // namespace lab::scenario
