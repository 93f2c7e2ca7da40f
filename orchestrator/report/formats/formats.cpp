// SPDX-License-Identifier: MIT
// Writes JSON, CSV and TAP, and names the formats.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/record/counts.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Outcome;
using record::Record;

std::string csv_number(std::optional<std::uint64_t> number) {
  return number ? std::to_string(*number) : "";
}

std::string csv_trial(const Record& record) {
  return fmt::format("{},{},{},{},{},{},{}", csv_field(record.id), csv_field(record.scenario),
                     csv_field(record.trial), csv_field(record.site), to_string(record.outcome),
                     record.repeat, record::format_time(record.start_time));
}

std::string csv_step(const record::Step& step) {
  return fmt::format("{},{},{}", csv_field(step.name), csv_number(step.exits),
                     csv_number(step.cycles));
}

// Returns the last columns, which are newer than the others. `row` has three of them.
std::string csv_step_end(const record::Step& step, const std::string& row) {
  const auto seconds = [](std::optional<double> value) {
    return value ? fmt::format("{:.3f}", *value) : "";
  };
  return fmt::format(",{},{},{},{},{}\n", step.guest,
                     step.view == record::View::host ? "host" : "guest", seconds(step.begin),
                     seconds(step.seconds), row);
}

std::string csv_reason(const record::Reason& reason) {
  return fmt::format("{},{},{},{},{}", reason.number, csv_field(reason.name),
                     csv_field(reason.category), reason.exits, csv_number(reason.cycles));
}

// Returns a cause in its reason's columns, with its own counts.
std::string csv_cause(const record::Step& step, const record::Cause& cause) {
  const auto reason = std::ranges::find(step.reasons, cause.number, &record::Reason::number);
  return csv_reason({cause.number, record::name_of_reason(step, cause.number),
                     reason == step.reasons.end() ? "" : reason->category, cause.exits,
                     cause.cycles});
}

// Adds the causes after the reasons, whose lines are the same with and without causes.
std::string csv_causes(const record::Step& step, const std::string& line) {
  std::string text;
  for (const record::Cause& cause : step.causes)
    text += line + "," + csv_cause(step, cause) +
            csv_step_end(
                step, fmt::format("cause,{},{}", csv_field(cause.detail), csv_field(cause.place)));
  for (const record::CausesLost& lost : step.causes_lost)
    text += line + "," + csv_cause(step, {.number = lost.number, .exits = lost.exits}) +
            csv_step_end(step, "lost,,");
  return text;
}

// Trials and steps without counts keep a line, with empty fields.
std::string csv_record(const Record& record) {
  const std::string trial = csv_trial(record);
  if (record.steps.empty()) return trial + ",,,,,,,,,,,,,,,\n";
  std::string text;
  for (const record::Step& step : record.steps) {
    const std::string line = trial + "," + csv_step(step);
    if (step.reasons.empty()) text += line + ",,,,," + csv_step_end(step, ",,");
    for (const auto& reason : step.reasons)
      text += line + "," + csv_reason(reason) + csv_step_end(step, "reason,,");
    text += csv_causes(step, line);
  }
  return text;
}

std::string tap_diagnosis(const Record& record) {
  const auto text = [](const std::string& value) {  // a JSON string is a YAML one
    return nlohmann::json(printable(value)).dump();
  };
  std::string result = fmt::format("  ---\n  outcome: {}\n", to_string(record.outcome));
  if (!record.message.empty()) result += "  message: " + text(record.message) + "\n";
  for (const exits::Check& check : record.checks) {
    if (check.ok) continue;
    result += fmt::format("  check: {}\n  left: {}\n  right: {}\n  detail: {}\n", text(check.name),
                          check.left ? std::to_string(*check.left) : "~",
                          check.right ? std::to_string(*check.right) : "~", text(check.detail));
    break;  // only the first, as the keys of a map are unique
  }
  return result + "  ...\n";
}

// Escapes #, which begins a directive, and in TAP 14 also the backslash, which is an escape there.
std::string tap_name(const std::string& name, int version) {
  return with_backslashes(name, version < 14 ? "#" : "#\\");
}

std::string tap_relation(std::size_t number, const record::RelationResult& relation, int version) {
  std::string text = fmt::format("{}ok {} - relation {}\n", relation.ok == true ? "" : "not ",
                                 number, tap_name(relation.text, version));
  if (relation.ok != true)
    text += "  ---\n  message: " + nlohmann::json(relation_text(relation)).dump() + "\n  ...\n";
  return text;
}

}  // namespace

std::string json(std::span<const Record> records,
                 std::span<const record::RelationResult> relations) {
  return record::to_document(records, relations);
}

std::string csv(std::span<const Record> records) {
  std::string text =
      "id,scenario,trial,site,outcome,repeat,start_time,step,step_exits,step_cycles,"
      "number,name,category,exits,cycles,guest,view,begin,seconds,row,detail,place\n";
  for (const Record& record : records) text += csv_record(record);
  return text;
}

std::string tap(std::span<const Record> records, std::span<const record::RelationResult> relations,
                int version) {
  std::string text =
      fmt::format("TAP version {}\n1..{}\n", version, records.size() + relations.size());
  std::size_t number = 0;
  for (const Record& record : records) {
    const bool ok = record.outcome == Outcome::passed;
    text +=
        fmt::format("{}ok {} - {}\n", ok ? "" : "not ", ++number, tap_name(record.trial, version));
    if (!ok) text += tap_diagnosis(record);
  }
  for (const record::RelationResult& relation : relations)
    text += tap_relation(++number, relation, version);
  return text;
}

namespace {

constexpr std::pair<std::string_view, Format> format_words[] = {
    {"table", Format::table},       {"json", Format::json},
    {"csv", Format::csv},           {"junit", Format::junit},
    {"tap", Format::tap},           {"tap14", Format::tap14},
    {"markdown", Format::markdown}, {"openmetrics", Format::openmetrics}};

}  // namespace

std::optional<Format> parse_format(std::string_view text) {
  for (const auto& [word, format] : format_words)
    if (word == text) return format;
  return std::nullopt;
}

std::string format_names(std::string_view between) {
  std::string names;
  for (const auto& [word, format] : format_words)
    names += fmt::format("{}{}", names.empty() ? "" : between, word);
  return names;
}

std::string render(Format format, std::span<const Record> records, const Style& style,
                   std::span<const record::RelationResult> relations) {
  switch (format) {
    case Format::table:
      return table(records, style) + report::relations(relations, style);
    case Format::json:
      return json(records, relations);
    case Format::csv:
      return csv(records);
    case Format::junit:
      return junit(records, relations);
    case Format::tap:
      return tap(records, relations, 13);
    case Format::tap14:
      return tap(records, relations, 14);
    case Format::markdown:
      return markdown(records, relations);
    case Format::openmetrics:
      return openmetrics(records);
  }
  return "";
}

}  // namespace lab::report
