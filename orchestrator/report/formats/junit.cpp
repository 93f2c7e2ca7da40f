// SPDX-License-Identifier: MIT
#include "orchestrator/report/formats/junit.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/record/expectations.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Outcome;
using record::Record;

struct Tally {
  unsigned long long tests = 0, failures = 0, errors = 0;
  double seconds = 0;

  void add(const JUnitTest& test) {
    ++tests;
    failures += test.problem && test.problem->failure;
    errors += test.problem && !test.problem->failure;
    seconds += test.seconds;
  }

  void add(pugi::xml_node suite) {
    tests += suite.attribute("tests").as_ullong();
    failures += suite.attribute("failures").as_ullong();
    errors += suite.attribute("errors").as_ullong();
    seconds += suite.attribute("time").as_double();
  }

  void write(pugi::xml_node node) const {
    node.append_attribute("tests") = tests;
    node.append_attribute("failures") = failures;
    node.append_attribute("errors") = errors;
    node.append_attribute("time") = fmt::format("{:.3f}", seconds).c_str();
  }
};

void write_name(pugi::xml_node node, const std::string& name) {
  node.append_attribute("name") = printable(name).c_str();
}

void write_text(pugi::xml_node node, const std::string& text) {
  node.append_child(pugi::node_pcdata).set_value(printable(text, true).c_str());
}

void write_properties(pugi::xml_node suite, const record::Conditions& conditions) {
  if (conditions.empty()) return;
  pugi::xml_node properties = suite.append_child("properties");
  for (const auto& [key, value] : conditions) {
    pugi::xml_node property = properties.append_child("property");
    write_name(property, key);
    property.append_attribute("value") = printable(value).c_str();
  }
}

// Returns the names of the tests, in their order: each once for its scenario.
std::vector<std::string> unique_names(const std::vector<JUnitTest>& tests) {
  const auto key = [](const JUnitTest& test, const std::string& name) {
    return std::pair(printable(test.scenario), printable(name));
  };
  std::map<std::pair<std::string, std::string>, std::size_t> times;
  for (const JUnitTest& test : tests) ++times[key(test, test.name)];
  std::set<std::pair<std::string, std::string>> taken;
  std::vector<std::string> names;
  for (const JUnitTest& test : tests) {
    const bool alone = times[key(test, test.name)] == 1 || test.distinction.empty();
    const std::string name = alone ? test.name : test.name + ", " + test.distinction;
    names.push_back(name);
    for (int number = 2; !taken.insert(key(test, names.back())).second; ++number)
      names.back() = fmt::format("{} ({})", name, number);
  }
  return names;
}

void write_test(pugi::xml_node suite, const JUnitTest& made, const std::string& name) {
  pugi::xml_node test = suite.append_child("testcase");
  test.append_attribute("classname") = printable(made.scenario).c_str();
  write_name(test, name);
  test.append_attribute("time") = fmt::format("{:.3f}", made.seconds).c_str();
  if (made.problem) {
    pugi::xml_node problem = test.append_child(made.problem->failure ? "failure" : "error");
    problem.append_attribute("type") = made.problem->type.c_str();
    problem.append_attribute("message") = printable(made.problem->message).c_str();
    write_text(problem, made.problem->text);
  }
  if (!made.output.empty()) write_text(test.append_child("system-out"), made.output);
}

void write_suite(pugi::xml_node suites, const JUnitSuite& made) {
  pugi::xml_node suite = suites.append_child("testsuite");
  write_name(suite, made.name);
  Tally tally;
  for (const JUnitTest& test : made.tests) tally.add(test);
  tally.write(suite);
  if (!made.timestamp.empty()) suite.append_attribute("timestamp") = made.timestamp.c_str();
  write_properties(suite, made.properties);
  const std::vector<std::string> names = unique_names(made.tests);
  for (std::size_t i = 0; i < names.size(); ++i) write_test(suite, made.tests[i], names[i]);
}

// Returns the failed checks, a line each.
std::string failed_checks(const Record& record) {
  std::string text;
  for (const exits::Check& check : record.checks)
    if (!check.ok) text += check_in_words(check) + "\n";
  return text;
}

// Returns true where the counts are wrong, so that the test failed; else it could not be run.
bool is_failure(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::regressed;
}

JUnitTest trial_test(const Record& record) {
  JUnitTest test{.scenario = record.scenario,
                 .name = record.trial,
                 .seconds = record::trial_seconds(record.timings)};
  if (record.outcome == Outcome::passed) return test;
  test.problem = {is_failure(record.outcome), std::string(to_string(record.outcome)),
                  record.message, failed_checks(record)};
  test.output = record.console_tail;
  return test;
}

// Returns a test case for a relation between cells.
JUnitTest relation_test(const record::RelationResult& relation) {
  JUnitTest test{.scenario = relation.scenario,
                 .name = "relation " + relation.text,
                 .distinction = record::bounds_text(relation.min, relation.max)};
  if (relation.ok != true)
    test.problem = {relation.ok.has_value(), relation.ok ? "failed" : "incomplete",
                    relation_text(relation), ""};
  return test;
}

// The schema allows properties only for suites, so a suite contains the trials of one cell in one
// run, which share their conditions.
bool in_one_suite(const Record& a, const Record& b) {
  return a.run == b.run && a.scenario == b.scenario &&
         record::cell_name(a.trial) == record::cell_name(b.trial) &&
         record::comparable(a.conditions) == record::comparable(b.conditions);
}

// Returns the records of the first suite. Old records have no run: there a repeated name begins the
// next suite.
std::span<const Record> first_suite(std::span<const Record> records) {
  std::set<std::string> names;
  const auto end = std::ranges::find_if_not(records, [&](const Record& record) {
    return in_one_suite(records.front(), record) && names.insert(record.trial).second;
  });
  return {records.begin(), end};
}

// Returns the suite of one cell.
JUnitSuite trials_suite(std::span<const Record> records) {
  JUnitSuite suite{.name = std::string(record::cell_name(records.front().trial)),
                   .timestamp = record::format_time(records.front().start_time).substr(0, 19),
                   .properties = record::comparable(records.front().conditions)};
  for (const Record& record : records) suite.tests.push_back(trial_test(record));
  return suite;
}

}  // namespace

std::string junit_document(const std::string& name, const std::vector<JUnitSuite>& suites,
                           const std::vector<std::filesystem::path>& others) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node all = document.append_child("testsuites");
  for (const std::filesystem::path& file : others) {
    pugi::xml_document other;
    if (const auto result = other.load_file(file.c_str()); !result)
      throw base::infrastructure_error(
          fmt::format("read '{}': {}", file.string(), result.description()));
    for (const pugi::xml_node suite : other.child("testsuites").children("testsuite"))
      all.append_copy(suite);
  }
  for (const JUnitSuite& suite : suites) write_suite(all, suite);
  Tally tally;
  for (const pugi::xml_node suite : all.children()) tally.add(suite);
  write_name(all, name);
  tally.write(all);
  std::ostringstream stream;
  document.save(stream, "  ", pugi::format_default, pugi::encoding_utf8);
  return stream.str();
}

std::string junit(std::span<const Record> records,
                  std::span<const record::RelationResult> relations) {
  std::vector<JUnitSuite> suites;
  while (!records.empty()) {
    const std::span<const Record> suite = first_suite(records);
    suites.push_back(trials_suite(suite));
    records = records.subspan(suite.size());
  }
  if (!relations.empty()) {
    JUnitSuite suite{.name = "relations"};
    for (const record::RelationResult& relation : relations)
      suite.tests.push_back(relation_test(relation));
    suites.push_back(std::move(suite));
  }
  return junit_document("lab", suites);
}

}  // namespace lab::report
