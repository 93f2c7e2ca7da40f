// SPDX-License-Identifier: MIT
// Formats the gate's verdict for CI systems.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/report/formats/junit.hpp"
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

// Returns a problem whose message is the first line of the text.
JUnitProblem problem(bool failure, const std::string& text) {
  return {failure, failure ? "regressed" : "incomplete", text.substr(0, text.find('\n')), text};
}

JUnitTest cell_test(const CellJudgement& cell) {
  JUnitTest test{.scenario = cell.comparison.scenario,
                 .name = "check " + cell.comparison.b_name,
                 .distinction = cell.comparison.site};
  if (regressed(cell)) {
    std::string text;
    for (const Finding& finding : cell.regressions) text += finding_text(finding);
    test.problem = problem(true, text);
  } else if (untold(cell)) {
    test.problem = problem(false, joined(reasons_of_doubt(cell)));
  }
  return test;
}

std::string markdown_findings(const std::vector<Finding>& findings, const char* mark) {
  std::string text;
  for (const Finding& finding : findings)
    text += fmt::format("  - {} {}\n", mark, markdown_text(one_line(finding_text(finding))));
  return text;
}

}  // namespace

std::vector<std::string> finding_lines(const check::Verdict& verdict,
                                       std::span<const std::string> notes,
                                       std::span<const check::Change> changes) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& what, const std::string& text) {
    lines.push_back(what + one_line(printable(text, true)));
  };
  for (const CellJudgement& cell : verdict.cells) {
    const std::string name = printable(cell.comparison.b_name);
    const std::pair<const char*, const std::vector<Finding>&> kinds[] = {
        {": more: ", cell.regressions},
        {": fewer: ", cell.improvements},
        {": changed, below its floor: ", cell.below_floor},
        {": perhaps more, as the baseline's own runs differ: ", cell.suspected}};
    for (const auto& [kind, findings] : kinds)
      for (const Finding& finding : findings) add(name + kind, finding_text(finding));
    for (const std::string& why : cell.cannot_tell) add(name + ": cannot tell: ", why);
  }
  for (const std::string& why : verdict.cannot_tell) add("cannot tell: ", why);
  for (const std::string& note : notes) add("", note);
  for (const check::Change& change : changes) add("history of ", change_line(change));
  return lines;
}

std::string verdict_junit(const check::Verdict& verdict) {
  JUnitSuite suite{.name = "lab check"};
  for (const CellJudgement& cell : verdict.cells) suite.tests.push_back(cell_test(cell));
  for (const std::string& why : verdict.cannot_tell)
    suite.tests.push_back(
        {.scenario = "check", .name = why, .problem = JUnitProblem{false, "incomplete", why, ""}});
  return junit_document("lab check", {suite});
}

std::string verdict_markdown(const check::Verdict& verdict, std::span<const std::string> notes,
                             std::span<const check::Change> changes) {
  std::string text = fmt::format("### lab check: {}\n\n", to_string(verdict.judgement()));
  for (const CellJudgement& cell : verdict.cells) {
    text +=
        fmt::format("- **{}**: {} (baseline of {}, {} new)\n",
                    markdown_text(cell.comparison.b_name), judgement_text(cell),
                    base::counted(cell.comparison.a_trials, "trial"), cell.comparison.b_trials) +
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
