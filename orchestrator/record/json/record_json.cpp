// SPDX-License-Identifier: MIT
// Reads and writes records as JSON, for the stream, the store and `--format json`. Fields are
// added, never renamed.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "orchestrator/base/json.hpp"
#include "orchestrator/record/json/json_fields.hpp"
#include "orchestrator/record/json/record_json.hpp"

namespace lab::record {
namespace {

constexpr int schema = 1;
constexpr std::size_t most_steps = 1u << 16;  // 64 of each of 64 guests, seen from two sides
constexpr std::size_t most_checks = 1u << 18;
constexpr std::size_t most_reasons = 1024;  // either vendor has fewer
constexpr std::size_t most_vcpus = 1u << 16;
constexpr std::size_t most_names = 1024;  // of steps; a scenario has 64

template <typename Value>
void put(ordered_json& object, const char* name, const std::optional<Value>& value) {
  if (value) object[name] = *value;
}

ordered_json reason_json(const Reason& reason) {
  ordered_json object = {{"number", reason.number},
                         {"name", reason.name},
                         {"category", reason.category},
                         {"exits", reason.exits}};
  put(object, "cycles", reason.cycles);
  return object;
}

ordered_json step_json(const Step& step) {
  ordered_json object = {{"name", step.name},
                         {"guest", step.guest},
                         {"view", step.view == View::host ? "host" : "guest"}};
  put(object, "begin", step.begin);
  put(object, "seconds", step.seconds);
  put(object, "exits", step.exits);
  put(object, "cycles", step.cycles);
  put(object, "reader_exits", step.reader_exits);
  if (!step.reader_exits_complete) object["reader_exits_complete"] = false;
  put(object, "clean", step.clean);
  put(object, "exit_code", step.exit_code);
  object["reasons"] = ordered_json::array();
  for (const Reason& reason : step.reasons) object["reasons"].push_back(reason_json(reason));
  write_causes(step, object);
  if (!step.output.empty()) object["output"] = step.output;
  return object;
}

ordered_json check_json(const exits::Check& check) {
  ordered_json object = {{"name", check.name}, {"ok", check.ok}};
  put(object, "left", check.left);
  put(object, "right", check.right);
  object["detail"] = check.detail;
  if (!check.note.empty()) object["note"] = check.note;
  return object;
}

ordered_json host_counts_json(const exits::HostCounts& counts) {
  return {{"exits", counts.exits},
          {"cycles", counts.cycles},
          {"to_entry_cycles", counts.to_entry},
          {"fastpath", counts.fastpath},
          {"nested", counts.nested}};
}

ordered_json host_reason_json(const exits::HostReason& reason) {
  ordered_json object = {{"number", reason.number}, {"name", reason.name}};
  object.update(host_counts_json(reason));
  for (const auto& [bucket, count] : reason.histogram)
    object["cycles_log2"][std::to_string(bucket)] = count;
  return object;
}

ordered_json host_json(const Host& host) {
  ordered_json object = {{"scope", exits::to_string(host.scope)}};
  object.update(host_counts_json(host.total));
  object["failed_entries"] = host.failed_entries;
  object["reasons"] = ordered_json::array();
  for (const exits::HostReason& reason : host.reasons)
    object["reasons"].push_back(host_reason_json(reason));
  object["vcpus"] = ordered_json::array();
  for (const exits::HostVcpu& vcpu : host.vcpus)
    object["vcpus"].push_back({{"id", vcpu.id},
                               {"exits", vcpu.exits},
                               {"cycles", vcpu.cycles},
                               {"to_entry_cycles", vcpu.to_entry},
                               {"kvm_exits", vcpu.kvm_exits}});
  return object;
}

ordered_json relation_json(const RelationResult& relation) {
  ordered_json object = {{"scenario", relation.scenario}, {"text", relation.text}};
  put(object, "ok", relation.ok);
  put(object, "left", relation.left);
  put(object, "right", relation.right);
  put(object, "ratio", relation.ratio);
  put(object, "min", relation.min);
  put(object, "max", relation.max);
  object["detail"] = relation.detail;
  return object;
}

// Writes all fields except the plan and the timeline.
ordered_json record_json(const Record& record) {
  ordered_json object = {{"id", record.id}};
  if (!record.run.empty()) object["run"] = record.run;
  object["scenario"] = record.scenario;
  object["trial"] = record.trial;
  object["site"] = record.site;
  object["repeat"] = record.repeat;
  object["outcome"] = to_string(record.outcome);
  object["start_time"] = format_time(record.start_time);
  if (!record.message.empty()) object["message"] = record.message;
  object["conditions"] = ordered_json::object();
  for (const auto& [key, value] : record.conditions) object["conditions"][key] = value;
  object["steps"] = ordered_json::array();
  for (const Step& step : record.steps) object["steps"].push_back(step_json(step));
  object["checks"] = ordered_json::array();
  for (const exits::Check& check : record.checks) object["checks"].push_back(check_json(check));
  if (record.host) object["host"] = host_json(*record.host);
  object["timings"] = ordered_json::object();
  for (const auto& [phase, seconds] : record.timings)
    object["timings"][timing_key(phase)] = seconds;
  if (!record.console_tail.empty()) object["console_tail"] = record.console_tail;
  return object;
}

// Indents all lines after the first. JSON strings contain no raw newline, so every newline belongs
// to the layout.
std::string indented(const std::string& json, std::size_t columns) {
  std::string text;
  for (const char c : json) {
    text += c;
    if (c == '\n') text.append(columns, ' ');
  }
  return text;
}

// A timeline has thousands of numbers, so it is written in one line, as the last field.
std::string document_entry(const Record& record) {
  std::string text = base::dump_json(record_json(record), 2);
  if (record.timeline) {
    text.resize(text.rfind('\n'));
    text += ",\n  \"timeline\": " + base::dump_json(timeline_json(*record.timeline)) + "\n}";
  }
  return indented(text, 4);
}

std::chrono::system_clock::time_point parse_time(const std::string& value) {
  int year = 0, millisecond = 0, end = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const int fields = std::sscanf(value.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3dZ%n", &year, &month,
                                 &day, &hour, &minute, &second, &millisecond, &end);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  // A 64-bit clock of nanoseconds ends in 2262.
  const bool good = fields == 7 && year >= 1970 && year < 2262 &&
                    std::size_t(end) == value.size() && date.ok() && hour < 24 && minute < 60 &&
                    second < 61 && millisecond >= 0;
  if (!good) fail("'start_time' is no time");
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::milliseconds(millisecond);
}

Reason reason_from(const ordered_json& object) {
  Reason reason;
  reason.number = need_number(object, "number");
  reason.name = text(object, "name");
  reason.category = text(object, "category");
  reason.exits = count(need(object, "exits"), "exits");
  reason.cycles = optional_count(object, "cycles");
  return reason;
}

Step step_from(const ordered_json& object) {
  Step step;
  step.name = text(object, "name");
  if (find(object, "guest"))
    step.guest = std::uint32_t(count_between(object, "guest", 1, guest_limit));
  if (find(object, "view")) {
    const std::string view = text(object, "view");
    if (view != "guest" && view != "host") fail("'view' is neither guest nor host");
    step.view = view == "host" ? View::host : View::guest;
  }
  step.begin = optional_seconds(object, "begin");
  step.seconds = optional_seconds(object, "seconds");
  step.exits = optional_count(object, "exits");
  step.cycles = optional_count(object, "cycles");
  step.reader_exits = optional_count(object, "reader_exits");
  if (find(object, "reader_exits_complete")) {
    step.reader_exits_complete = boolean(object, "reader_exits_complete");
  }
  if (find(object, "clean")) step.clean = boolean(object, "clean");
  if (const auto code = optional_count(object, "exit_code")) {
    if (*code > 255) fail("'exit_code' is above 255");
    step.exit_code = int(*code);
  }
  for (const ordered_json& reason : list(object, "reasons", most_reasons)) {
    step.reasons.push_back(reason_from(reason));
  }
  read_causes(object, step);
  step.output = optional_text(object, "output");
  return step;
}

exits::Check check_from(const ordered_json& object) {
  return {text(object, "name"),
          boolean(object, "ok"),
          optional_count(object, "left"),
          optional_count(object, "right"),
          optional_text(object, "detail"),
          optional_text(object, "note")};
}

void read_host_counts(const ordered_json& object, exits::HostCounts& counts) {
  counts.exits = need_count(object, "exits");
  counts.cycles = need_count(object, "cycles");
  counts.to_entry = need_count(object, "to_entry_cycles");
  counts.fastpath = need_count(object, "fastpath");
  counts.nested = need_count(object, "nested");
}

exits::HostReason host_reason_from(const ordered_json& object) {
  exits::HostReason reason;
  reason.number = need_number(object, "number");
  reason.name = text(object, "name");
  read_host_counts(object, reason);
  const ordered_json* histogram = find(object, "cycles_log2");
  if (!histogram) return reason;
  for (std::uint32_t bucket = 0; bucket < 64; ++bucket)
    if (const auto value = optional_count(*histogram, std::to_string(bucket).c_str()))
      reason.histogram[bucket] = *value;
  return reason;
}

Host host_from(const ordered_json& object) {
  Host host;
  const std::string scope = text(object, "scope");
  if (scope != "vm" && scope != "host") fail("'scope' is neither vm nor host");
  host.scope = scope == "vm" ? exits::Scope::vm : exits::Scope::host;
  read_host_counts(object, host.total);
  host.failed_entries = need_count(object, "failed_entries");
  for (const ordered_json& reason : list(object, "reasons", most_reasons))
    host.reasons.push_back(host_reason_from(reason));
  for (const ordered_json& vcpu : list(object, "vcpus", most_vcpus))
    host.vcpus.push_back({need_number(vcpu, "id"),
                          need_count(vcpu, "exits"),
                          need_count(vcpu, "cycles"),
                          need_count(vcpu, "to_entry_cycles"),
                          need_count(vcpu, "kvm_exits"),
                          {}});
  return host;
}

Timings timings_from(const ordered_json& object, const std::vector<Step>& steps) {
  if (!object.is_object()) fail("'timings' is not an object");
  std::set<std::string> names;
  for (const Step& step : steps) names.insert(step.name);
  if (names.size() > most_names) fail("more than 1024 names of steps");
  const std::vector<std::string> all(names.begin(), names.end());
  Timings timings;
  for (const auto& [key, value] : object.items())
    timings.push_back({phase_of_key(key, all), seconds(value, "timings")});
  return timings;
}

}  // namespace

ordered_json to_object(const Record& record) {
  ordered_json object = record_json(record);
  if (!record.plan.empty()) object["plan"] = parse(record.plan);
  if (record.timeline) object["timeline"] = timeline_json(*record.timeline);
  return object;
}

Record from_object(const ordered_json& object) {
  Record record;
  record.id = text(object, "id");
  record.run = optional_text(object, "run");
  record.scenario = text(object, "scenario");
  record.trial = text(object, "trial");
  record.site = text(object, "site");
  record.repeat = need_number(object, "repeat");
  const auto outcome = parse_outcome(text(object, "outcome"));
  if (!outcome) fail("unknown outcome");
  record.outcome = *outcome;
  record.start_time = parse_time(text(object, "start_time"));
  record.message = optional_text(object, "message");
  record.conditions = conditions_from(need(object, "conditions"));
  for (const ordered_json& step : list(object, "steps", most_steps))
    record.steps.push_back(step_from(step));
  const auto causes = [](const Step& step) { return step.causes.size() + step.causes_lost.size(); };
  std::size_t all = 0;
  for (const Step& step : record.steps) all += causes(step);
  if (all > most_causes)
    fail(fmt::format("{} causes of all steps together, more than {}", all, most_causes));
  for (const ordered_json& check : list(object, "checks", most_checks)) {
    record.checks.push_back(check_from(check));
  }
  if (const ordered_json* plan = find(object, "plan")) record.plan = base::dump_json(*plan);
  if (const ordered_json* host = find(object, "host")) record.host = host_from(*host);
  if (const ordered_json* timeline = find(object, "timeline"))
    record.timeline = timeline_from(*timeline);
  record.timings = timings_from(need(object, "timings"), record.steps);
  record.console_tail = optional_text(object, "console_tail");
  return record;
}

std::string to_json(const Record& record) {
  return base::dump_json(to_object(record));
}

Record from_json(std::string_view json) {
  return from_object(parse(json));
}

std::string to_document(std::span<const Record> records,
                        std::span<const RelationResult> relations) {
  std::string text = fmt::format("{{\n  \"schema\": {},\n  \"trials\": [", schema);
  for (const Record& record : records)
    text += (&record == records.data() ? "\n    " : ",\n    ") + document_entry(record);
  text += records.empty() ? "]" : "\n  ]";
  if (!relations.empty()) {
    ordered_json list = ordered_json::array();
    for (const RelationResult& relation : relations) list.push_back(relation_json(relation));
    text += ",\n  \"relations\": " + indented(base::dump_json(list, 2), 2);
  }
  return text + "\n}\n";
}

std::vector<Record> from_document(std::string_view json) {
  const ordered_json document = parse(json);
  if (count(need(document, "schema"), "schema") != schema) fail("'schema' is not 1");
  std::vector<Record> records;
  for (const ordered_json& trial : list(document, "trials")) records.push_back(from_object(trial));
  return records;
}

}  // namespace lab::record
