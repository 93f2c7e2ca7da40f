// SPDX-License-Identifier: MIT
// Writes a run's summary for a CI job's page (GitHub's Markdown).
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/evidence.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Outcome;
using record::Record;

constexpr std::size_t leading_reasons = 3, leading_causes = 5, console_shown = 20;

std::string leading(const Group& group, const std::string& step) {
  const Pool all = pool(group, step);
  std::string text;
  for (std::size_t i = 0; i < std::min(all.entries.size(), leading_reasons); ++i)
    text += fmt::format("{}{} {:.0f} %", i > 0 ? ", " : "", markdown_text(all.entries[i].name),
                        100 * all.entries[i].exits / all.exits);
  return text;
}

std::string counts(const std::vector<Group>& groups) {
  if (groups.empty()) return "";
  std::string text =
      "\n| cell | step | exits | of them | seconds |\n| --- | --- | ---: | --- | ---: |\n";
  for (const Group& group : groups)
    for (const std::string& step : step_names(group)) {
      const Values seconds = step_seconds(group, step);
      text += fmt::format("| {} | {} | {} | {} | {} |\n", markdown_text(group.label),
                          markdown_text(step), values_text(step_exits(group, step)),
                          leading(group, step),
                          seconds.empty() ? "–" : fmt::format("{:.1f}", seconds.median()));
    }
  if (std::ranges::any_of(groups,
                          [](const Group& group) { return record::is_emulated(group.conditions); }))
    text += "\nEmulated: what comes with time is the emulator's.\n";
  return text;
}

// Returns the largest causes of each step that has causes, in the mean of the trials.
std::string causes(std::span<const Record> records) {
  std::string text;
  for (const check::StepCauses& step : check::sum_causes(records))
    for (std::size_t i = 0; i < std::min(step.causes.size(), leading_causes); ++i) {
      const check::CauseSum& cause = step.causes[i];
      text += fmt::format(
          "| {} | {}{} | {} | {} | {} | {} |\n", markdown_text(step.cell), markdown_text(step.step),
          step.guest > 1 ? fmt::format(" of guest {}", step.guest) : "",
          markdown_text(cause.reason), markdown_text(cause_text(cause.detail, cause.place)),
          thousands(cause.exits / step.trials), share(cause.exits, step.exits));
    }
  if (text.empty()) return "";
  return "\nLeading causes, a trial:\n\n| cell | step | reason | cause | exits | % |\n"
         "| --- | --- | --- | --- | ---: | ---: |\n" +
         text;
}

// Returns a fence longer than any run of backticks in the text.
std::string fence(const std::string& text) {
  std::size_t longest = 2, row = 0;
  for (const char c : text) {
    row = c == '`' ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  return std::string(longest + 1, '`');
}

std::string code_block(const std::string& text) {
  const std::string mark = fence(text);
  return mark + "\n" + text + (text.ends_with('\n') ? "" : "\n") + mark + "\n";
}

std::string last_lines(const std::string& text, std::size_t most) {
  std::size_t at = text.size();
  for (std::size_t lines = 0; at > 0; --at)
    if (text[at - 1] == '\n' && at < text.size() && ++lines == most) break;
  return text.substr(at);
}

std::string failure(const Record& record) {
  std::string text = fmt::format("\n**{}**: {}", markdown_text(record.trial),
                                 markdown_text(std::string(to_string(record.outcome))));
  if (!record.message.empty()) text += ": " + markdown_text(record.message);
  text += "\n";
  for (const exits::Check& check : record.checks)
    if (!check.ok)
      text += fmt::format("- {}: {} | {}\n", markdown_text(check.name),
                          thousands_or_dash(check.left), thousands_or_dash(check.right));
  if (!record.console_tail.empty())
    text += "\nThe end of its console:\n\n" +
            code_block(last_lines(printable(record.console_tail, true), console_shown));
  return text;
}

}  // namespace

std::string markdown(std::span<const Record> records, Relations relations) {
  std::string text =
      fmt::format("### lab: {}\n", records.empty() ? "no trials" : outcomes_text(records)) +
      counts(group(records)) + causes(records);
  for (const record::RelationResult& relation : relations)
    text += fmt::format("{}- {} {}\n", &relation == &relations.front() ? "\n" : "",
                        relation.ok == true ? "✓" : "✗", markdown_text(relation_text(relation)));
  for (const Record& record : records)
    if (record.outcome != Outcome::passed) text += failure(record);
  return text;
}

}  // namespace lab::report
