// SPDX-License-Identifier: MIT
// Formats for other programs.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <set>
#include <sstream>

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

// Columns that came later stand last.
std::string csv_step_end(const record::Step& step) {
  const auto seconds = [](std::optional<double> value) {
    return value ? fmt::format("{:.3f}", *value) : "";
  };
  return fmt::format(",{},{},{},{}\n", step.guest,
                     step.view == record::View::host ? "host" : "guest", seconds(step.begin),
                     seconds(step.seconds));
}

std::string csv_reason(const record::Reason& reason) {
  return fmt::format("{},{},{},{},{}", reason.number, csv_field(reason.name),
                     csv_field(reason.category), reason.exits, csv_number(reason.cycles));
}

// Trials and steps without counts keep a line, with empty fields.
std::string csv_record(const Record& record) {
  const std::string trial = csv_trial(record);
  if (record.steps.empty()) return trial + ",,,,,,,,,,,,\n";
  std::string text;
  for (const record::Step& step : record.steps) {
    const std::string line = trial + "," + csv_step(step);
    if (step.reasons.empty()) text += line + ",,,,," + csv_step_end(step);
    for (const auto& reason : step.reasons)
      text += line + "," + csv_reason(reason) + csv_step_end(step);
  }
  return text;
}

// What is wrong, a line each; for JUnit and TAP.
std::string failed_checks(const Record& record) {
  std::string text;
  for (const exits::Check& check : record.checks) {
    if (check.ok) continue;
    text +=
        fmt::format("{}: {} | {}{}{}\n", check.name, thousands_or_dash(check.left),
                    thousands_or_dash(check.right), check.detail.empty() ? "" : "; ", check.detail);
  }
  return text;
}

// The counts did not hold: the test failed. Anything else: it could not be run.
bool is_failure(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::regressed;
}

void add_text(pugi::xml_node node, const std::string& text) {
  node.append_child(pugi::node_pcdata).set_value(printable(text, true).c_str());
}

void add_conditions(pugi::xml_node suite, const record::Conditions& conditions) {
  pugi::xml_node properties = suite.append_child("properties");
  for (const auto& [key, value] : conditions) {
    pugi::xml_node property = properties.append_child("property");
    property.append_attribute("name") = printable(key).c_str();
    property.append_attribute("value") = printable(value).c_str();
  }
}

void add_test(pugi::xml_node suite, const Record& record) {
  pugi::xml_node test = suite.append_child("testcase");
  test.append_attribute("classname") = printable(record.scenario).c_str();
  test.append_attribute("name") = printable(record.trial).c_str();
  test.append_attribute("time") =
      fmt::format("{:.3f}", record::trial_seconds(record.timings)).c_str();
  if (record.outcome == Outcome::passed) return;
  pugi::xml_node problem = test.append_child(is_failure(record.outcome) ? "failure" : "error");
  problem.append_attribute("type") = std::string(to_string(record.outcome)).c_str();
  problem.append_attribute("message") = printable(record.message).c_str();
  add_text(problem, failed_checks(record));
  if (!record.console_tail.empty()) add_text(test.append_child("system-out"), record.console_tail);
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
    break;  // the first; the keys of a map are unique
  }
  return result + "  ...\n";
}

// A bare # would begin a directive. A backslash stands for itself in version 13, for two in 14.
std::string tap_name(const std::string& name, int version) {
  const std::string_view special = version < 14 ? "#" : "#\\";
  std::string text;
  for (const char c : printable(name)) {
    if (special.find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

// A test case of its own: what cells have to each other.
void add_relation(pugi::xml_node suite, const record::RelationResult& relation) {
  pugi::xml_node test = suite.append_child("testcase");
  test.append_attribute("classname") = printable(relation.scenario).c_str();
  test.append_attribute("name") = printable("relation " + relation.text).c_str();
  test.append_attribute("time") = "0.000";
  if (relation.ok == true) return;
  pugi::xml_node problem = test.append_child(relation.ok ? "failure" : "error");
  problem.append_attribute("type") = relation.ok ? "failed" : "incomplete";
  problem.append_attribute("message") = relation_text(relation).c_str();
}

// The schema (Jenkins' junit-10.xsd) has properties only of suites: so the trials of a cell in one
// run, which have their conditions in common, are one.
bool in_one_suite(const Record& a, const Record& b) {
  return a.run == b.run && a.scenario == b.scenario &&
         record::cell_of(a.trial) == record::cell_of(b.trial) &&
         record::comparable(a.conditions) == record::comparable(b.conditions);
}

// Those from the first one on that are one suite. Old records have no run: there a name that comes
// again begins another one.
std::span<const Record> first_suite(std::span<const Record> records) {
  std::set<std::string> names;
  const auto end = std::ranges::find_if_not(records, [&](const Record& record) {
    return in_one_suite(records.front(), record) && names.insert(record.trial).second;
  });
  return {records.begin(), end};
}

struct Tally {
  unsigned long long tests = 0, failures = 0, errors = 0;
  double seconds = 0;

  void write(pugi::xml_node node) const {
    node.append_attribute("tests") = tests;
    node.append_attribute("failures") = failures;
    node.append_attribute("errors") = errors;
    node.append_attribute("time") = fmt::format("{:.3f}", seconds).c_str();
  }
};

Tally tally(std::span<const Record> records) {
  Tally result{.tests = records.size()};
  for (const Record& record : records) {
    result.failures += is_failure(record.outcome);
    result.errors += record.outcome != Outcome::passed && !is_failure(record.outcome);
    result.seconds += record::trial_seconds(record.timings);
  }
  return result;
}

Tally tally(std::span<const record::RelationResult> relations) {
  Tally result{.tests = relations.size()};
  for (const record::RelationResult& relation : relations) {
    result.failures += relation.ok == false;
    result.errors += !relation.ok;
  }
  return result;
}

pugi::xml_node add_suite(pugi::xml_node suites, std::string_view name, const Tally& tally) {
  pugi::xml_node suite = suites.append_child("testsuite");
  suite.append_attribute("name") = printable(name).c_str();
  tally.write(suite);
  return suite;
}

// Of one cell.
void add_trials(pugi::xml_node suites, std::span<const Record> records) {
  pugi::xml_node suite = add_suite(suites, record::cell_of(records.front().trial), tally(records));
  // ISO 8601 without a zone, as the schema's users write it; UTC.
  suite.append_attribute("timestamp") =
      record::format_time(records.front().start_time).substr(0, 19).c_str();
  add_conditions(suite, record::comparable(records.front().conditions));
  for (const Record& record : records) add_test(suite, record);
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
      "number,name,category,exits,cycles,guest,view,begin,seconds\n";
  for (const Record& record : records) text += csv_record(record);
  return text;
}

std::string junit(std::span<const Record> records,
                  std::span<const record::RelationResult> relations) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node suites = document.append_child("testsuites");
  const Tally trials = tally(records), related = tally(relations);
  suites.append_attribute("name") = "lab";
  Tally{trials.tests + related.tests, trials.failures + related.failures,
        trials.errors + related.errors, trials.seconds}
      .write(suites);
  while (!records.empty()) {
    const std::span<const Record> suite = first_suite(records);
    add_trials(suites, suite);
    records = records.subspan(suite.size());
  }
  if (!relations.empty()) {
    const pugi::xml_node suite = add_suite(suites, "relations", related);
    for (const record::RelationResult& relation : relations) add_relation(suite, relation);
  }
  std::ostringstream stream;
  document.save(stream, "  ", pugi::format_default, pugi::encoding_utf8);
  return stream.str();
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
