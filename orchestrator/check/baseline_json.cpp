// SPDX-License-Identifier: MIT
// Reads and writes the baseline's file, and checks it: people may edit it, merges may break it.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/check/baseline.hpp"
#include "orchestrator/record/json/json_fields.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"

namespace lab::check {
namespace {

using record::ordered_json;

constexpr std::uint64_t version = 1;
constexpr std::size_t most_steps = 1u << 16, most_cells = 10'000, most_phases = 1024;

// Writes a line for each column of counts, trial and condition, so that a diff shows what changed.
void write(const ordered_json& value, std::size_t depth, std::string& text) {
  const bool is_object = value.is_object();
  const bool in_one_line = !value.is_structured() || value.empty() ||
                           (value.is_array() && !value.front().is_structured()) ||
                           (is_object && value.contains("id")) ||
                           (is_object && value.contains("settings"));
  if (in_one_line) {
    text += base::dump_json(value);
    return;
  }
  text += is_object ? "{" : "[";
  const char* separator = "\n";
  for (const auto& [key, element] : value.items()) {
    text += separator + std::string(2 * (depth + 1), ' ');
    if (is_object) text += ordered_json(key).dump() + ": ";
    write(element, depth + 1, text);
    separator = ",\n";
  }
  text += "\n" + std::string(2 * depth, ' ') + (is_object ? "}" : "]");
}

std::string reason_key(exits::Vendor vendor, std::uint32_t number) {
  return exits::find_reason(vendor, number) ? exits::reason_name(vendor, number)
                                            : std::to_string(number);
}

ordered_json reasons_json(const CountsByReason& reasons, exits::Vendor vendor) {
  ordered_json object = ordered_json::object();
  for (const auto& [number, column] : reasons) object[reason_key(vendor, number)] = column;
  return object;
}

ordered_json entry_json(const Entry& entry) {
  const exits::Vendor vendor = known_vendor(entry.cell);
  ordered_json object = {{"cell", entry.cell.name},
                         {"accepted_by", entry.by},
                         {"accepted_at", entry.time},
                         {"reason", entry.reason},
                         {"conditions", entry.cell.conditions}};
  object["trials"] = ordered_json::array();
  for (const Trial& trial : entry.cell.trials)
    object["trials"].push_back({{"id", trial.id}, {"run", trial.run}, {"repeat", trial.repeat}});
  object["steps"] = ordered_json::array();
  for (const StepSamples& step : entry.cell.steps)
    object["steps"].push_back({{"step", step.step},
                               {"guest", step.guest},
                               {"total", step.total},
                               {"reasons", reasons_json(step.reasons, vendor)}});
  object["phases"] = ordered_json::array();
  for (const PhaseSamples& phase : entry.cell.phases)
    object["phases"].push_back(
        {{"phase", phase.phase}, {"reasons", reasons_json(phase.reasons, vendor)}});
  if (entry.plan) object["plan"] = scenario::to_object(*entry.plan);
  return object;
}

Counts counts_from(const ordered_json& value, const std::string& name, std::size_t trials) {
  if (!value.is_array() || value.size() != trials)
    record::fail(fmt::format("'{}' is not a list of {} counts, one a trial", name, trials));
  Counts counts;
  for (const ordered_json& count : value) counts.push_back(record::count(count, name.c_str()));
  return counts;
}

CountsByReason reasons_from(const ordered_json& object, exits::Vendor vendor, std::size_t trials) {
  if (!object.is_object()) record::fail("'reasons' is no map");
  CountsByReason reasons;
  for (const auto& [name, column] : object.items()) {
    const auto number = exits::parse_reason(vendor, name);
    if (!number) record::fail(fmt::format("no exit reason '{}' of {}", name, to_string(vendor)));
    if (!reasons.emplace(*number, counts_from(column, name, trials)).second)
      record::fail(fmt::format("reason '{}' is there twice", name));
  }
  return reasons;
}

// With one processor no exit comes between the readings, so that they add up (the trials' own
// check).
void check_sums(const StepSamples& step, const record::Conditions& conditions) {
  const auto vcpus = conditions.find(std::string(record::condition::vcpus));
  if (vcpus == conditions.end() || vcpus->second != "1") return;
  for (std::size_t i = 0; i < step.total.size(); ++i) {
    std::uint64_t left = step.total[i];  // modulo 2^64, as the counts are
    for (const auto& [number, column] : step.reasons) left -= column[i];
    if (left != 0)
      record::fail(fmt::format("step '{}': the reasons of trial {} do not add up to its total",
                               step.step, i + 1));
  }
}

Cell cell_from(const ordered_json& object, const std::string& scenario) {
  Cell cell{.scenario = scenario,
            .name = record::text(object, "cell"),
            .conditions = record::conditions_from(record::need(object, "conditions"))};
  const exits::Vendor vendor = known_vendor(cell);
  for (const ordered_json& trial : record::list(object, "trials", most_trials))
    cell.trials.push_back({record::text(trial, "id"), record::text(trial, "run"),
                           record::need_number(trial, "repeat")});
  const std::size_t trials = cell.trials.size();
  if (trials == 0) record::fail("no trials");
  for (const ordered_json& step : record::list(object, "steps", most_steps)) {
    cell.steps.push_back(
        {record::text(step, "step"),
         std::uint32_t(record::count_between(step, "guest", 1, record::guest_limit)),
         counts_from(record::need(step, "total"), "total", trials),
         reasons_from(record::need(step, "reasons"), vendor, trials)});
    check_sums(cell.steps.back(), cell.conditions);
  }
  if (cell.steps.empty()) record::fail("no steps");
  for (const ordered_json& phase : record::list(object, "phases", most_phases))
    cell.phases.push_back({record::text(phase, "phase"),
                           reasons_from(record::need(phase, "reasons"), vendor, trials)});
  return cell;
}

Entry entry_from(const ordered_json& object, const std::string& scenario) {
  Entry entry{.by = record::text(object, "accepted_by"),
              .time = record::text(object, "accepted_at"),
              .reason = record::text(object, "reason"),
              .cell = cell_from(object, scenario)};
  if (const ordered_json* plan = record::find(object, "plan"))
    entry.plan = scenario::plan_from_object(*plan);
  return entry;
}

Baseline baseline_from(const ordered_json& json) {
  const std::uint64_t is = record::need_count(json, "lab_baseline");
  if (is != version)
    record::fail(fmt::format("made by a newer lab (version {}, this one knows {})", is, version));
  Baseline baseline{.scenario = record::text(json, "scenario")};
  for (const ordered_json& cell : record::list(json, "cells", most_cells)) {
    Entry entry = entry_from(cell, baseline.scenario);
    const std::size_t before = baseline.entries.size();
    const std::string name = entry.cell.name + " on " + site_name(entry.cell);
    accept(baseline, std::move(entry));
    if (baseline.entries.size() == before) record::fail(name + " is there twice");
  }
  if (baseline.entries.empty()) record::fail("no cells");
  return baseline;
}

}  // namespace

std::string to_json(const Baseline& baseline) {
  ordered_json json = {{"lab_baseline", version}, {"scenario", baseline.scenario}};
  json["cells"] = ordered_json::array();
  for (const Entry& entry : baseline.entries) json["cells"].push_back(entry_json(entry));
  std::string text;
  write(json, 0, text);
  return text + "\n";
}

Baseline baseline_from_json(const std::string& json, const std::string& file) {
  const auto bad = [&](const std::string& what) {
    return base::user_error(fmt::format("baseline '{}': {}", file, what),
                            "git log -p " + file +
                                " shows who changed it; or accept it anew: lab "
                                "baseline accept");
  };
  try {
    return baseline_from(base::parse_json<ordered_json>(json));
  } catch (const base::JsonError& error) {
    throw bad(error.what());
  } catch (const ordered_json::exception& error) {
    const auto* parse = dynamic_cast<const ordered_json::parse_error*>(&error);
    const std::size_t at = parse ? std::min(parse->byte, json.size()) : 0;
    const auto line = 1 + std::count(json.begin(), json.begin() + std::ptrdiff_t(at), '\n');
    throw bad(fmt::format("no JSON (line {})", line));
  } catch (const base::Error& error) {
    throw bad(error.what());
  }
}

}  // namespace lab::check
