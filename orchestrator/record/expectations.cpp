// SPDX-License-Identifier: MIT
#include "orchestrator/record/expectations.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "orchestrator/base/samples.hpp"

namespace lab::record {
namespace {

std::string subject_text(std::string_view reason, const std::optional<exits::Category>& category) {
  return category ? fmt::format("category {}", to_string(*category)) : std::string(reason);
}

std::string expectation_name(const scenario::Expectation& expect, std::uint32_t guest) {
  const std::string cause = expect.cause.empty() ? "" : fmt::format("cause '{}' of ", expect.cause);
  return fmt::format("{}expect {}{} of {}{}", guest > 1 ? fmt::format("guest {}: ", guest) : "",
                     cause, subject_text(expect.reason, expect.category), expect.step,
                     expect.per_second ? ", a second" : "");
}

// Returns the rate as a whole number that lies on the same side of both bounds as the rate itself.
std::optional<std::uint64_t> exits_per_second(std::uint64_t exits, const Step& step,
                                              const std::optional<std::uint64_t>& max) {
  if (!step.seconds || !(*step.seconds > 0)) return std::nullopt;
  const double rate = static_cast<double>(exits) / *step.seconds;
  if (!(rate < 0x1p63)) return std::nullopt;
  const bool above = max && rate > static_cast<double>(*max);
  return static_cast<std::uint64_t>(above ? std::ceil(rate) : std::floor(rate));
}

// Returns the numbers of the step's reasons that the expectation selects.
std::set<std::uint32_t> find_numbers(const scenario::Expectation& expect, const Step& step,
                                     exits::Vendor vendor) {
  const auto number = exits::parse_reason(vendor, expect.reason);
  std::set<std::uint32_t> numbers;
  for (const Reason& reason : step.reasons) {
    const bool meant = expect.category ? reason.category == to_string(*expect.category)
                                       : expect.reason == "total" || reason.number == number;
    if (meant) numbers.insert(reason.number);
  }
  return numbers;
}

// Exits with unknown causes may belong to the cause, so the check must not pass without them.
exits::Check judge_cause(const scenario::Expectation& expect, const Step& step,
                         exits::Vendor vendor) {
  const auto value = [&](std::uint64_t exits) -> std::optional<std::uint64_t> {
    return expect.per_second ? exits_per_second(exits, step, expect.max) : std::optional(exits);
  };
  const auto check = [&](const std::optional<std::uint64_t>& count) {
    return exits::check_bounds(expectation_name(expect, step.guest), count, expect.min, expect.max);
  };
  const auto without = [&](const std::string& why) {
    exits::Check missing = check(std::nullopt);
    missing.detail += "; " + why;
    return missing;
  };
  if (!has_reason(vendor, expect))
    return without(fmt::format("{} has no reason '{}'", to_string(vendor), expect.reason));
  if (!has_causes(step))
    return without("cannot be judged: the trial has no causes (lab run --causes)");
  const CauseExits found = exits_of_causes(step, expect.cause, find_numbers(expect, step, vendor));
  const auto known = value(found.exits), most = value(found.exits + found.unknown);
  if (!known || !most) return without("the step's time is not known");
  const bool may_be_more = expect.max && *known <= *expect.max && *most > *expect.max;
  if (may_be_more)
    return without(fmt::format("cannot be judged: {} exits, and {} whose cause is not known",
                               found.exits, found.unknown));
  return check(known);
}

exits::Check judge_step(const scenario::Expectation& expect, const Step& step,
                        exits::Vendor vendor) {
  if (!expect.cause.empty()) return judge_cause(expect, step, vendor);
  const auto exits = count_exits(step, vendor, expect.reason, expect.category);
  const auto value =
      exits && expect.per_second ? exits_per_second(*exits, step, expect.max) : exits;
  exits::Check check =
      exits::check_bounds(expectation_name(expect, step.guest), value, expect.min, expect.max);
  if (!exits && step.exits)
    check.detail += fmt::format("; {} has no reason '{}'", to_string(vendor), expect.reason);
  if (!expect.per_second) return check;
  check.detail += exits && !value ? "; the step's time is not known"
                                  : fmt::format("; exits a second: {} in {:.3f} s",
                                                exits.value_or(0), step.seconds.value_or(0));
  return check;
}

std::string cell_text(const scenario::Cell& cell) {
  std::string text;
  for (const auto& [key, value] : cell)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", key == "kvm.paging" ? "paging" : key,
                        value);
  return text;
}

// Contains a side's values and the number of their trials.
struct Side {
  std::vector<double> values;
  std::size_t trials = 0;
};

void add_values(Side& side, const Record& record, const scenario::Relation& relation) {
  const auto known = recorded_vendor(record.conditions);
  if (!known) return;
  const std::size_t before = side.values.size();
  for (const Step& step : record.steps) {
    if (step.name != relation.step) continue;
    if (const auto exits = count_exits(step, *known, relation.reason, relation.category))
      side.values.push_back(static_cast<double>(*exits));
  }
  side.trials += side.values.size() > before;
}

Side relation_side(const scenario::Relation& relation, const scenario::Cell& part,
                   std::span<const scenario::TrialPlan> plans, std::span<const Record> records) {
  Side side;
  for (const Record& record : records) {
    const auto plan = std::ranges::find(plans, record.trial, &scenario::TrialPlan::name);
    if (record.outcome != Outcome::passed || plan == plans.end() || plan->warmup) continue;
    if (plan->scenario == record.scenario && scenario::matches(part, plan->cell))
      add_values(side, record, relation);
  }
  return side;
}

void compare(RelationResult& result) {
  if (*result.right > 0) result.ratio = *result.left / *result.right;
  if (!result.ratio && *result.left == 0) {
    result.detail += "; both are 0: there is no ratio";
    return;
  }
  const bool below = result.min && result.ratio && *result.ratio < *result.min;
  const bool above = result.max && (!result.ratio || *result.ratio > *result.max);
  result.ok = !below && !above;
}

RelationResult judge_relation(const scenario::Scenario& scenario,
                              const scenario::Relation& relation,
                              std::span<const scenario::TrialPlan> plans,
                              std::span<const Record> records) {
  RelationResult result;
  result.scenario = scenario.name;
  result.text = fmt::format("{} of {}: {} / {}", subject_text(relation.reason, relation.category),
                            relation.step, cell_text(relation.of), cell_text(relation.to));
  result.min = relation.min;
  result.max = relation.max;
  result.detail = bounds_text(relation.min, relation.max);
  const Side of = relation_side(relation, relation.of, plans, records);
  const Side to = relation_side(relation, relation.to, plans, records);
  if (!of.values.empty()) result.left = base::Samples(of.values).median();
  if (!to.values.empty()) result.right = base::Samples(to.values).median();
  result.detail += fmt::format("; medians of {} and {} passed trials", of.trials, to.trials);
  if (result.left && result.right) compare(result);
  return result;
}

}  // namespace

std::optional<std::uint64_t> count_exits(const Step& step, exits::Vendor vendor,
                                         std::string_view reason,
                                         const std::optional<exits::Category>& category) {
  if (!step.exits) return std::nullopt;
  if (!category && reason == "total") return step.exits;
  const auto number = category ? std::nullopt : exits::parse_reason(vendor, reason);
  if (!category && !number) return std::nullopt;
  std::uint64_t exits = 0;
  for (const Reason& entry : step.reasons)
    if (category ? entry.category == to_string(*category) : entry.number == *number)
      exits += entry.exits;
  return exits;
}

bool has_reason(exits::Vendor vendor, const scenario::Expectation& expect) {
  return expect.category || expect.reason == "total" ||
         exits::parse_reason(vendor, expect.reason).has_value();
}

std::vector<exits::Check> judge(const scenario::Expectation& expect, std::span<const Step> steps,
                                exits::Vendor vendor) {
  std::vector<exits::Check> checks;
  for (const Step& step : steps)
    if (step.name == expect.step) checks.push_back(judge_step(expect, step, vendor));
  if (checks.empty()) {
    checks.push_back(
        exits::check_bounds(expectation_name(expect, 1), std::nullopt, expect.min, expect.max));
    checks.back().detail += "; the trial has no such step";
  }
  return checks;
}

std::vector<exits::Check> judge_expectations(const scenario::TrialPlan& plan,
                                             std::span<const Step> steps, exits::Vendor vendor) {
  std::vector<exits::Check> checks;
  for (const scenario::Expectation& expect : plan.expect)
    if (scenario::matches(expect.where, plan.cell))
      std::ranges::move(judge(expect, steps, vendor), std::back_inserter(checks));
  return checks;
}

std::string bounds_text(const std::optional<double>& min, const std::optional<double>& max) {
  std::string text;
  if (min) text += fmt::format("at least {}", *min);
  if (max) text += fmt::format("{}at most {}", min ? ", " : "", *max);
  return text;
}

std::vector<RelationResult> judge_relations(const scenario::Scenario& scenario,
                                            std::span<const scenario::TrialPlan> plans,
                                            std::span<const Record> records) {
  std::vector<RelationResult> results;
  for (const scenario::Relation& relation : scenario.relations)
    results.push_back(judge_relation(scenario, relation, plans, records));
  return results;
}

}  // namespace lab::record
