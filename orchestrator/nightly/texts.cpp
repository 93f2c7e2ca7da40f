// SPDX-License-Identifier: MIT
// Formats the result of a night for people and CI systems.
#include <spdlog/fmt/chrono.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "orchestrator/base/json.hpp"
#include "orchestrator/nightly/night.hpp"
#include "orchestrator/report/formats/junit.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::nightly {
namespace {

using nlohmann::ordered_json;

std::string indented_lines(const Words& findings, const char* indent) {
  std::string text;
  for (const std::string& finding : findings) text += indent + report::printable(finding) + "\n";
  return text;
}

}  // namespace

std::string exit_code_text(base::ExitCode code) {
  constexpr std::pair<base::ExitCode, const char*> texts[] = {
      {base::exit_ok, "passed"},
      {base::exit_regression, "more exits, or an expectation failed"},
      {base::exit_usage, "wrong input"},
      {base::exit_infrastructure, "the machinery failed"},
      {base::exit_no_data, "cannot be told"},
      {base::exit_guest_failed, "the guest failed"},
      {base::exit_timed_out, "a time limit"},
      {base::exit_interrupted, "stopped"}};
  return std::ranges::find(texts, code, &std::pair<base::ExitCode, const char*>::first)->second;
}

std::string junit_text(const Outcome& outcome,
                       const std::vector<std::filesystem::path>& documents_of_runs) {
  report::JUnitSuite suite{.name = "nightly"};
  for (const Result& result : outcome.results) {
    report::JUnitTest test{.scenario = "nightly", .name = result.name};
    if (result.exit_code != base::exit_ok)
      test.problem = {true, std::to_string(result.exit_code), exit_code_text(result.exit_code),
                      indented_lines(result.findings, "")};
    suite.tests.push_back(std::move(test));
  }
  return report::junit_document("nightly", {suite}, documents_of_runs);
}

std::string verdict_text(const Outcome& outcome) {
  ordered_json json = {{"schema", 1},
                       {"exit_code", outcome.exit_code},
                       {"site", outcome.site},
                       {"scenarios", ordered_json::array()}};
  for (const Result& result : outcome.results) {
    ordered_json one = {{"name", result.name}, {"exit_code", result.exit_code}};
    if (!result.run.empty()) one["run"] = result.run;
    if (!result.since.empty()) one["since"] = result.since;
    if (!result.check.empty()) one["check"] = base::parse_json<ordered_json>(result.check);
    json["scenarios"].push_back(std::move(one));
  }
  return base::dump_json(json, 2) + "\n";
}

std::string metrics_text(const Outcome& outcome) {
  std::string text = report::openmetrics(outcome.trials);
  text.resize(text.rfind("# EOF"));
  return text + fmt::format(
                    "# TYPE lab_nightly_exit_code gauge\n"
                    "# HELP lab_nightly_exit_code What lab nightly ended with.\n"
                    "lab_nightly_exit_code {}\n# EOF\n",
                    int(outcome.exit_code));
}

std::string summary_text(const Outcome& outcome) {
  std::string elsewhere;
  for (const std::string& site : outcome.not_working)
    elsewhere += " " + report::markdown_text(site);
  if (!elsewhere.empty()) elsewhere = " (not working here:" + elsewhere + ")";
  std::string text = fmt::format(
      "# Nightly: {}\n\nSite {}{}, {}, {:%F %R} UTC, exit code {}.\n\n"
      "| scenario | trials | compared with the baseline | exit code |\n"
      "| --- | --- | --- | ---: |\n",
      exit_code_text(outcome.exit_code), report::markdown_text(outcome.site), elsewhere,
      outcome.version, fmt::gmtime(std::time(nullptr)), int(outcome.exit_code));
  for (const Result& result : outcome.results)
    text += fmt::format("| {} | {} | {} | {} |\n", result.name, exit_code_text(result.ran),
                        result.checked ? exit_code_text(*result.checked) : result.unchecked,
                        int(result.exit_code));
  for (const Result& result : outcome.results)
    if (!result.since.empty())
      text += fmt::format("\n**{}**: {}.\n", result.name, report::markdown_text(result.since));
  for (const Result& result : outcome.results)  // indented, so that its content stays text
    if (!result.findings.empty())
      text += fmt::format("\n**{}**\n\n{}", result.name, indented_lines(result.findings, "    "));
  return text + "\n" + report::markdown(outcome.trials);
}

}  // namespace lab::nightly
