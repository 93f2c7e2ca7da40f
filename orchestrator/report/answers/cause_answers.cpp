// SPDX-License-Identifier: MIT
#include "orchestrator/report/answers/answers.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/record/counts.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::CauseChange;
using check::StepCauses;

constexpr std::size_t most_named = 3;
constexpr double least_to_name = 0.005;  // of the larger side's exits

// Returns the step's causes; none where there are several guests, as each has its own causes.
std::optional<StepCauses> find_causes(const Group& group, const std::string& step) {
  std::optional<StepCauses> found;
  for (StepCauses& one : check::sum_causes(group.records)) {
    if (one.step != step) continue;
    if (found) return std::nullopt;
    found = std::move(one);
  }
  return found;
}

std::string cause_title(const CauseChange& change) {
  return printable(change.reason) + " " + cause_text(change.detail, change.place);
}

// Returns the largest changes; sums of causes that records had no room for cannot be named.
std::vector<CauseChange> named_changes(const StepCauses& a, const StepCauses& b) {
  const double least =
      std::max(1.0, least_to_name * std::max(a.a_trial(a.exits), b.a_trial(b.exits)));
  std::vector<CauseChange> changes = check::cause_changes(a, b);
  std::erase_if(changes, [&](const CauseChange& one) {
    return is_sum_of_causes(one.detail, one.place) || std::abs(one.change()) < least;
  });
  if (changes.size() > most_named) changes.resize(most_named);
  return changes;
}

std::string_view group_cell(const Group& group) {
  return record::cell_name(group.records.front()->trial);
}

// Other vendors have other reasons, and other sites have other times.
bool is_of_one_matrix(const Group& a, const Group& b) {
  const auto same = [&](std::string_view key) {
    return record::find_condition(a.conditions, key) == record::find_condition(b.conditions, key);
  };
  return a.scenario == b.scenario && same(record::condition::vendor) &&
         same(record::condition::site);
}

std::vector<std::string> added_steps(const Group& first, const Group& group) {
  std::vector<std::string> lines;
  for (const std::string& step : step_names(group)) {
    const auto a = find_causes(first, step), b = find_causes(group, step);
    if (!a || !b) continue;
    const double change = b->a_trial(b->exits) - a->a_trial(a->exits);
    lines.push_back(fmt::format(
        "{}: {}{} to {} {}:", printable(step), change < 0 ? "−" : "+", rate_text(std::abs(change)),
        base::counted(rate_text(a->a_trial(a->exits)), "exit"), cite(group.numbers)));
    const std::vector<std::string> changes = changed_causes(first, group, step);
    lines.insert(lines.end(), changes.begin(), changes.end());
    if (changes.empty()) lines.back().back() = '.';
  }
  return lines;
}

}  // namespace

std::string why_more(const Group& group, const std::string& most, const std::string& fewest) {
  const auto high = find_causes(group, most), low = find_causes(group, fewest);
  const Values high_seconds = step_seconds(group, most), low_seconds = step_seconds(group, fewest);
  if (!high || !low || high_seconds.empty() || low_seconds.empty()) return "";
  std::vector<std::pair<double, CauseChange>> rates;  // the difference in exits a second
  for (const CauseChange& cause : check::cause_changes(*low, *high))
    if (!is_sum_of_causes(cause.detail, cause.place))
      rates.emplace_back(cause.b / high_seconds.median() - cause.a / low_seconds.median(), cause);
  std::ranges::stable_sort(rates, std::greater(), [](const auto& one) { return one.first; });
  std::string text;
  for (std::size_t i = 0; i < std::min(most_named, rates.size()) && rates[i].first > 0; ++i) {
    const CauseChange& cause = rates[i].second;
    text += fmt::format("{}{} ({} a second, {} in {})", text.empty() ? "" : "; ",
                        cause_title(cause), rate_text(cause.b / high_seconds.median()),
                        rate_text(cause.a / low_seconds.median()), printable(fewest));
  }
  if (text.empty()) return "";
  return fmt::format("Why {} has more than {}, the leading causes: {} {}.", printable(most),
                     printable(fewest), text, cite(group.numbers));
}

std::vector<std::string> changed_causes(const Group& a, const Group& b, const std::string& step) {
  const auto before = find_causes(a, step), after = find_causes(b, step);
  if (!before || !after) return {};
  std::vector<std::string> lines;
  for (const CauseChange& one : named_changes(*before, *after))
    lines.push_back(fmt::format("{} {}: {} → {}.", one.change() > 0 ? "+" : "−", cause_title(one),
                                rate_text(one.a), rate_text(one.b)));
  return lines;
}

std::vector<std::pair<std::string, std::vector<std::string>>> additions(
    const std::vector<Group>& groups) {
  std::vector<std::pair<std::string, std::vector<std::string>>> result;
  for (const Group& group : groups) {
    const auto first = std::ranges::find_if(
        groups, [&](const Group& one) { return is_of_one_matrix(one, group); });
    if (group_cell(*first) == group_cell(group)) continue;
    std::vector<std::string> lines = added_steps(*first, group);
    if (!lines.empty())
      result.emplace_back(fmt::format("{}, beside {}", group.label, first->label),
                          std::move(lines));
  }
  return result;
}

}  // namespace lab::report
