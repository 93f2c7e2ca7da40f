// SPDX-License-Identifier: MIT
// The gate's verdict for CI systems.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/report/markdown.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::CellJudgement;
using check::Finding;

bool regressed(const CellJudgement& cell) {
  return !cell.regressions.empty();
}
bool untold(const CellJudgement& cell) {
  return !regressed(cell) && !(cell.cannot_tell.empty() && cell.suspected.empty());
}

void add_problem(pugi::xml_node test, const char* element, const std::string& type,
                 const std::string& message, const std::string& text) {
  pugi::xml_node problem = test.append_child(element);
  problem.append_attribute("type") = type.c_str();
  problem.append_attribute("message") = message.c_str();
  problem.append_child(pugi::node_pcdata).set_value(text.c_str());
}

pugi::xml_node add_test(pugi::xml_node suite, const std::string& scenario,
                        const std::string& name) {
  pugi::xml_node test = suite.append_child("testcase");
  test.append_attribute("classname") = printable(scenario).c_str();
  test.append_attribute("name") = printable(name).c_str();
  test.append_attribute("time") = "0.000";
  return test;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += printable(line) + "\n";
  return text;
}

std::vector<std::string> reasons_of_doubt(const CellJudgement& cell) {
  std::vector<std::string> lines = cell.cannot_tell;
  for (const Finding& finding : cell.suspected) lines.push_back(check::other_run_text(finding.row));
  return lines;
}

void add_cell(pugi::xml_node suite, const CellJudgement& cell) {
  pugi::xml_node test =
      add_test(suite, cell.comparison.scenario, "check " + cell.comparison.b_name);
  if (regressed(cell)) {
    std::string text;
    for (const Finding& finding : cell.regressions) text += finding_text(finding);
    add_problem(test, "failure", "regressed", text.substr(0, text.find('\n')), text);
  } else if (untold(cell)) {
    const std::string text = joined(reasons_of_doubt(cell));
    add_problem(test, "error", "incomplete", text.substr(0, text.find('\n')), text);
  }
}

std::string markdown_findings(const std::vector<Finding>& findings, const char* mark) {
  std::string text;
  for (const Finding& finding : findings)
    text += fmt::format("  - {} {}\n", mark, markdown_text(one_line(finding_text(finding))));
  return text;
}

}  // namespace

std::string verdict_junit(const check::Verdict& verdict) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node suite = document.append_child("testsuites").append_child("testsuite");
  suite.append_attribute("name") = "lab check";
  const auto tests = verdict.cells.size() + verdict.cannot_tell.size();
  suite.append_attribute("tests") = static_cast<unsigned long long>(tests);
  suite.append_attribute("failures") =
      static_cast<long long>(std::ranges::count_if(verdict.cells, regressed));
  suite.append_attribute("errors") =
      static_cast<long long>(std::ranges::count_if(verdict.cells, untold)) +
      static_cast<long long>(verdict.cannot_tell.size());
  suite.append_attribute("time") = "0.000";
  for (const CellJudgement& cell : verdict.cells) add_cell(suite, cell);
  for (const std::string& why : verdict.cannot_tell)
    add_problem(add_test(suite, "check", why), "error", "incomplete", printable(why), "");
  std::ostringstream stream;
  document.save(stream, "  ", pugi::format_default, pugi::encoding_utf8);
  return stream.str();
}

std::string verdict_markdown(const check::Verdict& verdict, std::span<const std::string> notes,
                             std::span<const check::Change> changes) {
  std::string text = fmt::format("### lab check: {}\n\n", to_string(verdict.judgement()));
  for (const CellJudgement& cell : verdict.cells) {
    text += fmt::format("- **{}**: {} (baseline of {} trials, {} new)\n",
                        markdown_text(cell.comparison.b_name), judgement_of(cell),
                        cell.comparison.a_trials, cell.comparison.b_trials) +
            markdown_findings(cell.regressions, "✗ more:") +
            markdown_findings(cell.improvements, "✓ fewer:") +
            markdown_findings(cell.below_floor, "below its floor:");
    for (const std::string& why : reasons_of_doubt(cell))
      text += "  - ? " + markdown_text(why) + "\n";
  }
  for (const std::string& why : verdict.cannot_tell) text += "- ? " + markdown_text(why) + "\n";
  for (const std::string& note : notes) text += "- " + markdown_text(one_line(note)) + "\n";
  if (!changes.empty()) text += "\nWhere the history changed, and the first run that shows it:\n\n";
  for (const check::Change& change : changes)
    text += "- " + markdown_text(change_line(change)) + "\n";
  return text;
}

}  // namespace lab::report
