// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/report/answers/answers.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/comparison/comparison_object.hpp"
#include "orchestrator/report/evidence.hpp"
#include "orchestrator/report/page/page.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using nlohmann::ordered_json;
using record::Outcome;
using record::Record;
using Counts = std::vector<std::uint64_t>;

constexpr int page_schema = 1;
constexpr std::size_t all_samples = 24'000;  // for all timelines together
constexpr std::size_t trend_points = 20'000;
constexpr std::size_t failed_runs_shown = 1000;  // the newest

// Returns numbers above 2^53 as text, as JavaScript's numbers are exact only up to there.
ordered_json exact(std::uint64_t number) {
  constexpr std::uint64_t exact_numbers = std::uint64_t(1) << 53;
  return number <= exact_numbers ? ordered_json(number) : ordered_json(std::to_string(number));
}

ordered_json whole_if_so(double value) {
  return value >= 0 && value < 0x1p53 && value == double(std::uint64_t(value))
             ? ordered_json(std::uint64_t(value))
             : ordered_json(value);
}

// Returns the median (of two middle counts the mean), as exact as JavaScript allows.
ordered_json median_json(Counts counts) {
  std::ranges::sort(counts);
  const auto [low, high] = base::middle<std::uint64_t>(counts);
  const std::uint64_t between = high - low;
  if (between % 2 == 0) return exact(low + between / 2);
  return double(low) + double(between) / 2;
}

ordered_json summary(const Counts& counts) {
  const auto [least, most] = std::ranges::minmax_element(counts);
  return {{"median", median_json(counts)},
          {"least", exact(*least)},
          {"most", exact(*most)},
          {"count", counts.size()}};
}

ordered_json summary_of_seconds(const Values& values) {
  return {{"median", values.median()},
          {"least", values.least()},
          {"most", values.most()},
          {"count", values.size()}};
}

// Collects one step of a cell (and guest) over all its trials.
struct CellStep {
  const record::Step* first = nullptr;
  Counts exits, cycles;
  Values seconds;
  struct Reason {
    const record::Reason* first = nullptr;
    Counts exits, cycles;
  };
  std::map<std::uint32_t, Reason> reasons;

  void add(const record::Step& step) {
    if (!first) first = &step;
    if (step.seconds) seconds.add(*step.seconds);
    if (step.cycles) cycles.push_back(*step.cycles);
    if (!step.exits) return;
    exits.push_back(*step.exits);
    for (const record::Reason& reason : step.reasons) {
      Reason& entry = reasons[reason.number];
      if (!entry.first) entry.first = &reason;
      entry.exits.push_back(reason.exits);
      if (reason.cycles) entry.cycles.push_back(*reason.cycles);
    }
  }
};

// Counts 0 for a trial that lacks the reason: its step's counts are whole.
ordered_json reason_json(std::uint32_t number, CellStep::Reason reason, std::size_t trials) {
  const bool timed = reason.cycles.size() == reason.exits.size();
  reason.exits.resize(trials, 0);
  ordered_json object = {{"number", number},
                         {"name", printable(reason.first->name)},
                         {"category", printable(reason.first->category)},
                         {"exits", summary(reason.exits)}};
  if (timed) {
    reason.cycles.resize(trials, 0);
    object["cycles"] = summary(reason.cycles);
  }
  return object;
}

ordered_json step_json(const CellStep& step) {
  ordered_json object = {{"name", printable(step.first->name)},
                         {"guest", step.first->guest},
                         {"view", step.first->view == record::View::host ? "host" : "guest"}};
  if (!step.seconds.empty()) object["seconds"] = summary_of_seconds(step.seconds);
  if (!step.exits.empty()) object["exits"] = summary(step.exits);
  if (!step.cycles.empty()) object["cycles"] = summary(step.cycles);
  std::vector<std::pair<std::uint32_t, const CellStep::Reason*>> reasons;
  for (const auto& [number, reason] : step.reasons) reasons.emplace_back(number, &reason);
  std::ranges::stable_sort(reasons, std::greater(), [&](const auto& entry) {
    Counts exits = entry.second->exits;
    exits.resize(step.exits.size(), 0);
    const ordered_json median = median_json(std::move(exits));
    return median.is_number() ? median.get<double>() : 0x1p63;
  });
  object["reasons"] = ordered_json::array();
  for (const auto& [number, reason] : reasons)
    object["reasons"].push_back(reason_json(number, *reason, step.exits.size()));
  return object;
}

// Returns the mean over the trials.
ordered_json mean(std::uint64_t sum, std::size_t trials) {
  return sum % trials == 0 ? exact(sum / trials) : ordered_json(double(sum) / double(trials));
}

ordered_json cause_list(const check::StepCauses& step) {
  ordered_json list = ordered_json::array();
  for (const check::CauseSum& cause : step.causes) {
    list.push_back({{"number", cause.number},
                    {"reason", printable(cause.reason)},
                    {"detail", cause_word(cause.detail)},
                    {"place", cause_word(cause.place)},
                    {"exits", mean(cause.exits, step.trials)}});
    if (cause.cycles) list.back()["cycles"] = mean(*cause.cycles, step.trials);
  }
  return list;
}

// Returns what distinguishes a cell: "paging=nested" of "paging[paging=nested]".
std::string short_label(const std::string& label, const std::string& scenario) {
  const std::string begin = printable(scenario) + "[";
  const std::size_t end = label.rfind(']');
  if (!label.starts_with(begin) || end == std::string::npos || end <= begin.size()) return label;
  return label.substr(begin.size(), end - begin.size()) + label.substr(end + 1);
}

ordered_json conditions_json(const record::Conditions& conditions) {
  ordered_json object = ordered_json::object();
  for (const check::Difference& condition : check::differences({}, conditions))
    object[printable(condition.key)] = printable(condition.b);
  return object;
}

ordered_json cell_json(const Group& group) {
  std::vector<std::pair<std::pair<std::string, std::uint32_t>, CellStep>> steps;
  for (const Record* record : group.records)
    for (const record::Step& step : record->steps) {
      const std::pair key(step.name, step.guest);
      auto found = std::ranges::find(steps, key, [](const auto& entry) { return entry.first; });
      if (found == steps.end()) found = steps.insert(found, {key, {}});
      found->second.add(step);
    }
  const Record& first = *group.records.front();
  ordered_json object = {
      {"scenario", printable(group.scenario)},
      {"name", group.label},
      {"label", short_label(group.label, group.scenario)},
      {"vendor", printable(record::find_condition(first.conditions, record::condition::vendor))},
      {"emulated", record::is_emulated(first.conditions)},
      {"trials", group.records.size()},
      {"conditions", conditions_json(group.conditions)},
      {"steps", ordered_json::array()}};
  const std::vector<check::StepCauses> causes = check::sum_causes(group.records);
  for (const auto& [key, step] : steps) {
    object["steps"].push_back(step_json(step));
    for (const check::StepCauses& one : causes)
      if (one.step == key.first && one.guest == key.second)
        object["steps"].back()["causes"] = cause_list(one);
  }
  return object;
}

ordered_json trial_json(const Record& record) {
  ordered_json object = {{"id", printable(record.id)},
                         {"name", printable(record.trial)},
                         {"cell", printable(record::cell_name(record.trial))},
                         {"site", printable(record.site)},
                         {"outcome", to_string(record.outcome)},
                         {"start", record::format_time(record.start_time)},
                         {"seconds", record::trial_seconds(record.timings)}};
  if (!record.steps.empty() && record.steps.front().exits)
    object["exits"] = exact(*record.steps.front().exits);
  const std::string node = record::find_condition(record.conditions, record::condition::node);
  if (!node.empty()) object["node"] = printable(node);
  if (!record.message.empty()) object["message"] = printable(record.message, true);
  object["checks_failed"] = ordered_json::array();
  std::size_t held = 0;
  for (const exits::Check& check : record.checks) {
    held += check.ok;
    if (!check.ok) object["checks_failed"].push_back(printable(check_in_words(check)));
  }
  object["checks_passed"] = held;
  if (!record.console_tail.empty()) object["console_tail"] = printable(record.console_tail, true);
  return object;
}

ordered_json timeline_json(const Record& record, std::size_t samples, const std::string& cell) {
  const record::Timeline timeline = thinned(*record.timeline, samples);
  ordered_json object = {{"trial", printable(record.trial)},    {"cell", cell},
                         {"seconds", ordered_json::array()},    {"reasons", ordered_json::array()},
                         {"milestones", ordered_json::array()}, {"steps", ordered_json::array()}};
  for (const record::Timeline::Sample& sample : timeline.samples)
    object["seconds"].push_back(sample.seconds);
  for (std::size_t column = 0; column < timeline.numbers.size(); ++column) {
    ordered_json exits = ordered_json::array();
    for (const record::Timeline::Sample& sample : timeline.samples)
      exits.push_back(exact(sample.exits[column]));
    object["reasons"].push_back({{"number", timeline.numbers[column]},
                                 {"name", printable(reason_name(record, timeline.numbers[column]))},
                                 {"exits", std::move(exits)}});
  }
  for (const record::Timeline::Milestone& milestone : timeline.milestones)
    object["milestones"].push_back(
        {{"name", printable(milestone.name)}, {"seconds", milestone.seconds}});
  for (const record::Step& step : record.steps)
    if (step.guest == 1 && step.begin && step.seconds)
      object["steps"].push_back(
          {{"name", printable(step.name)}, {"begin", *step.begin}, {"seconds", *step.seconds}});
  return object;
}

// Returns each cell's newest timeline, then those of trials that did not pass, newest first.
ordered_json timelines(const std::vector<Group>& groups, std::span<const Record> records) {
  std::vector<std::pair<const Record*, std::string>> chosen;
  for (const Group& group : groups) {
    const auto found =
        std::ranges::find_if(group.records.rbegin(), group.records.rend(),
                             [](const Record* record) { return has_samples(*record); });
    if (found != group.records.rend()) chosen.emplace_back(*found, group.label);
  }
  for (auto record = records.rbegin(); record != records.rend(); ++record)
    if (record->outcome != Outcome::passed && has_samples(*record))
      chosen.emplace_back(&*record, printable(record::cell_name(record->trial)));
  if (chosen.size() > timelines_shown) chosen.resize(timelines_shown);
  ordered_json list = ordered_json::array();
  for (const auto& [record, cell] : chosen)
    list.push_back(timeline_json(*record, samples_shown(chosen.size()), cell));
  return list;
}

// Returns the time at the start of an id such as "20251121T034112.123Z-3fa29c01".
std::string time_text(const std::string& of_trial) {
  const std::string id = printable(of_trial);
  if (id.size() < 20 || id[8] != 'T') return "";
  return fmt::format("{}-{}-{}T{}:{}:{}", id.substr(0, 4), id.substr(4, 2), id.substr(6, 2),
                     id.substr(9, 2), id.substr(11, 2), id.substr(13, 7));
}

// Makes every text in the JSON printable(), the names of its fields, too.
ordered_json harmless(ordered_json json) {
  if (json.is_string()) return printable(json.get_ref<const std::string&>());
  if (json.is_array())
    for (ordered_json& part : json) part = harmless(std::move(part));
  if (!json.is_object()) return json;
  ordered_json object = ordered_json::object();
  for (auto& [name, part] : json.items()) object[printable(name)] = harmless(std::move(part));
  return object;
}

ordered_json history_json(const check::History& history) {
  ordered_json object = {{"series", ordered_json::array()},
                         {"failed", ordered_json::array()},
                         {"changes", ordered_json::array()}};
  for (const check::Trend& trend : history.trends(trend_points)) {
    const std::string cell = printable(trend.of.cell);
    ordered_json points = ordered_json::array();
    for (const check::RunPoint& point : trend.points)
      points.push_back({{"run", printable(point.run)},
                        {"time", time_text(point.first_id)},
                        {"trials", point.trials},
                        {"median", whole_if_so(point.median)},
                        {"least", exact(point.least)},
                        {"most", exact(point.most)}});
    ordered_json series = {{"scenario", printable(trend.of.scenario)},
                           {"cell", cell},
                           {"label", short_label(cell, trend.of.scenario)},
                           {"site", printable(trend.of.site)},
                           {"vendor", printable(trend.of.vendor)},
                           {"step", printable(trend.step)},
                           {"guest", trend.guest},
                           {"points", std::move(points)}};
    if (trend.runs_a_point > 1) series["thinned"] = trend.runs_a_point;
    object["series"].push_back(std::move(series));
  }
  const std::vector<check::FailedRun> failed = history.failed();
  const std::size_t most = std::min(failed.size(), failed_runs_shown);
  for (const check::FailedRun& run : std::span(failed).last(most))
    object["failed"].push_back({{"run", printable(run.run)},
                                {"time", time_text(run.first_id)},
                                {"scenario", printable(run.scenario)},
                                {"site", printable(run.site)},
                                {"trials", run.trials},
                                {"passed", run.passed}});
  for (const check::Change& change : history.changes())
    object["changes"].push_back({{"cell", printable(change.cell)},
                                 {"site", printable(change.site)},
                                 {"vendor", printable(change.vendor)},
                                 {"subject", printable(change.subject)},
                                 {"step", printable(change.step)},
                                 {"guest", change.guest},
                                 {"run", printable(change.run)},
                                 {"time", time_text(change.time)},
                                 {"before", whole_if_so(change.before)},
                                 {"after", whole_if_so(change.after)},
                                 {"conditions", harmless(differences_json(change.conditions))}});
  return object;
}

void add_answers(ordered_json& data, std::span<const Record> records) {
  const Answers all = answer(records);
  data["answers"] = ordered_json::array();
  for (const Answer& answer : all.answers) {
    ordered_json lines = ordered_json::array();
    for (const Answer::Part& part : answer.parts)
      for (const std::string& line : part.lines)
        lines.push_back(part.label.empty() ? line : part.label + ": " + line);
    data["answers"].push_back({{"question", answer.question}, {"lines", std::move(lines)}});
  }
  data["evidence"] = all.evidence;
  data["footnotes"] = all.notes;
}

// Contains the cells of both sides. Cells with equal conditions stay apart, named by their side.
struct Sides {
  std::vector<Group> groups;
  bool alike = false;  // a cell of each side had equal conditions
};

Sides sides(const Page& page) {
  const std::size_t other = std::min(page.other, page.records.size());
  Sides result{.groups = group(page.records.first(other))};
  for (Group& after : group(page.records.subspan(other))) {
    const auto before = std::ranges::find(result.groups, after.label, &Group::label);
    if (before != result.groups.end()) {
      before->label += ", before";
      after.label += ", after";
      result.alike = true;
    }
    result.groups.push_back(std::move(after));
  }
  return result;
}

}  // namespace

std::size_t samples_shown(std::size_t timelines) {
  return std::min(record::Timeline::max_samples,
                  all_samples / std::clamp<std::size_t>(timelines, 1, timelines_shown));
}

record::Timeline thinned(const record::Timeline& timeline, std::size_t samples) {
  record::Timeline result = timeline;
  if (timeline.samples.size() <= samples) return result;
  const std::size_t together = (timeline.samples.size() + samples - 1) / samples;
  result.samples.clear();
  for (std::size_t i = 0; i < timeline.samples.size(); ++i) {
    const record::Timeline::Sample& sample = timeline.samples[i];
    if (i % together == 0)
      result.samples.push_back(sample);
    else
      for (std::size_t column = 0; column < sample.exits.size(); ++column)
        result.samples.back().exits[column] += sample.exits[column];
    result.samples.back().seconds = sample.seconds;
  }
  return result;
}

std::string page_data(const Page& page) {
  ordered_json data = {{"schema", page_schema},
                       {"title", printable(page.title)},
                       {"lab", page.lab_version},
                       {"made", record::format_time(page.made)},
                       {"command", printable(page.command)},
                       {"notes", ordered_json::array()}};
  for (const std::string& note : page.notes) data["notes"].push_back(printable(note));
  if (!page.records.empty()) {
    const auto [groups, alike] = sides(page);
    if (alike)
      data["notes"].push_back("answers are given of one set of trials: lab report, with the one");
    else
      add_answers(data, page.records);
    data["outcomes"] = ordered_json::object();
    for (const Record& record : page.records) {
      ordered_json& number = data["outcomes"][std::string(to_string(record.outcome))];
      number = number.is_null() ? 1 : number.get<int>() + 1;
    }
    data["cells"] = ordered_json::array();
    for (const Group& group : groups) data["cells"].push_back(cell_json(group));
    data["trials"] = ordered_json::array();
    for (const Record& record : page.records) data["trials"].push_back(trial_json(record));
    data["timelines"] = timelines(groups, page.records);
  }
  if (!page.comparisons.empty()) {
    data["comparisons"] = ordered_json::array();
    for (const check::Comparison& comparison : page.comparisons)
      data["comparisons"].push_back(harmless(comparison_object(comparison)));
  }
  if (page.history) data["history"] = history_json(*page.history);
  return data.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace lab::report
