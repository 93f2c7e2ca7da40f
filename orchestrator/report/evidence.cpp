// SPDX-License-Identifier: MIT
#include "orchestrator/report/evidence.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>

#include "orchestrator/record/counts.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Record;

std::string trial_label(const Record& record) {
  return printable(record.trial.substr(0, record.trial.rfind('#')));
}

// Adds to groups of the same name the conditions in which they differ.
void tell_apart(std::vector<Group>& groups) {
  std::map<std::string, std::vector<Group*>> by_label;
  for (Group& group : groups) by_label[group.label].push_back(&group);
  for (auto& [label, same] : by_label) {
    std::set<std::string> keys;
    for (const Group* one : same)
      for (const auto& [key, value] : one->conditions)
        for (const Group* other : same)
          if (const auto found = other->conditions.find(key);
              found == other->conditions.end() || found->second != value)
            keys.insert(key);
    for (Group* one : same)
      for (const std::string& key : keys)
        if (one->conditions.contains(key))
          one->label += fmt::format(", {} {}", key, clip(printable(one->conditions[key]), 40));
  }
}

// Collects `value` of each counted step of that name.
template <typename Value>
Values collect(const Group& group, const std::string& name, Value value) {
  Values result;
  for (const Record* record : group.records)
    for (const record::Step& step : record->steps)
      if (step.name == name && step.exits)
        if (const std::optional<double> one = value(step)) result.add(*one);
  return result;
}

}  // namespace

std::vector<Group> group(std::span<const Record> records) {
  std::vector<Group> groups;
  std::size_t number = 0;
  for (const Record& record : records) {
    if (record.outcome != record::Outcome::passed) continue;
    const record::Conditions conditions = record::comparable(record.conditions);
    auto found = std::ranges::find_if(groups, [&](const Group& one) {
      return one.scenario == record.scenario && one.conditions == conditions;
    });
    if (found == groups.end())
      found =
          groups.insert(groups.end(), {trial_label(record), record.scenario, conditions, {}, {}});
    found->records.push_back(&record);
    found->numbers.push_back(++number);
  }
  tell_apart(groups);
  return groups;
}

std::string cite(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", numbers[i]);
    if (last > i) text += fmt::format("{}{}", last > i + 1 ? "–" : ", ", numbers[last]);
    i = last + 1;
  }
  return "[" + text + "]";
}

std::string values_text(const Values& values) {
  if (values.size() == 1) return rate_text(values.least());
  if (values.least() == values.most())
    return fmt::format("{} (in each of {})", rate_text(values.least()), values.size());
  return fmt::format("{} (median of {}, {} to {})", rate_text(values.median()), values.size(),
                     rate_text(values.least()), rate_text(values.most()));
}

std::vector<std::string> step_names(const Group& group) {
  std::vector<std::string> names;
  for (const Record* record : group.records)
    for (const record::Step& step : record->steps)
      if (step.exits && std::ranges::find(names, step.name) == names.end())
        names.push_back(step.name);
  return names;
}

Values step_exits(const Group& group, const std::string& step) {
  return collect(group, step,
                 [](const record::Step& one) { return std::optional(double(*one.exits)); });
}

Values step_rates(const Group& group, const std::string& step) {
  return collect(group, step, [](const record::Step& one) {
    const bool timed = one.seconds && *one.seconds > 0;
    return timed ? std::optional(double(*one.exits) / *one.seconds) : std::nullopt;
  });
}

Values step_seconds(const Group& group, const std::string& step) {
  return collect(group, step, [](const record::Step& one) { return one.seconds; });
}

Pool pool(const Group& group, const std::string& step) {
  std::map<std::uint32_t, Pool::Entry> entries;
  Pool result;
  for (const Record* record : group.records) {
    for (const record::Step& one : record->steps) {
      if ((!step.empty() && one.name != step) || !one.exits) continue;
      result.exits += double(*one.exits);
      ++result.counts;
      for (const record::Reason& reason : one.reasons) {
        Pool::Entry& entry = entries
                                 .try_emplace(reason.number, Pool::Entry{reason.number, reason.name,
                                                                         reason.category, 0, 0, 0})
                                 .first->second;
        entry.exits += double(reason.exits);
        if (!reason.cycles) continue;
        entry.timed_exits += double(reason.exits);
        entry.cycles += double(*reason.cycles);
      }
    }
  }
  for (const auto& [number, entry] : entries)
    if (entry.exits > 0) result.entries.push_back(entry);
  std::ranges::stable_sort(result.entries, std::greater(), &Pool::Entry::exits);
  return result;
}

Values reason_exits(const Group& group, const std::string& step, std::uint32_t number) {
  return collect(group, step, [=](const record::Step& one) {
    const auto found = std::ranges::find(one.reasons, number, &record::Reason::number);
    return std::optional(found == one.reasons.end() ? 0.0 : double(found->exits));
  });
}

}  // namespace lab::report
