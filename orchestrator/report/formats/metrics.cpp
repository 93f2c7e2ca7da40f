// SPDX-License-Identifier: MIT
// Writes OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec), limited to what
// the older text format of node-exporter's textfile collector allows too: gauges, no time stamps.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "orchestrator/record/counts.hpp"
#include "orchestrator/report/evidence.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Record;
using Labels = std::vector<std::pair<std::string_view, std::string>>;

// Collects the samples of a family, which must be adjacent, with each set of labels once.
class Family {
 public:
  Family(std::string name, const std::string& help)
      : name_(std::move(name)),
        text_(fmt::format("# TYPE {0} gauge\n# HELP {0} {1}\n", name_, help)) {}

  void add(const Labels& labels, double value) {
    std::string inside;
    for (const auto& [label, text] : labels)
      inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", label,
                            with_backslashes(text, "\"\\"));
    if (known_.insert(inside).second) text_ += fmt::format("{}{{{}}} {}\n", name_, inside, value);
  }

  std::string text() const { return known_.empty() ? "" : text_; }

 private:
  std::string name_, text_;
  std::set<std::string> known_;
};

std::string trials(std::span<const Record> records) {
  Family outcomes("lab_trials", "Trials by outcome."),
      starts("lab_last_trial_start_time_seconds", "When the newest trial began, since 1970.");
  std::map<std::pair<std::string, std::string_view>, double> numbers;
  std::map<std::string, double> newest;
  for (const Record& record : records) {
    ++numbers[{record.scenario, to_string(record.outcome)}];
    double& start = newest[record.scenario];
    start = std::max(start,
                     std::chrono::duration<double>(record.start_time.time_since_epoch()).count());
  }
  for (const auto& [key, number] : numbers)
    outcomes.add({{"scenario", key.first}, {"outcome", std::string(key.second)}}, number);
  for (const auto& [scenario, start] : newest) starts.add({{"scenario", scenario}}, start);
  return outcomes.text() + starts.text();
}

}  // namespace

std::string openmetrics(std::span<const Record> records) {
  Family exits("lab_exits", "VM exits of a step: median of the cell's passed trials."),
      reasons("lab_reason_exits", "VM exits of a step by reason, likewise."),
      cycles("lab_reason_cycles",
             "Cycles from exit to the end of its handling, by reason: a mean exit's, likewise."),
      seconds("lab_step_seconds", "How long a step took, likewise.");
  // Where a cell has several sets of conditions, only the newest one continues its series.
  std::map<std::tuple<std::string, std::string, std::string>, Group> newest;
  for (Group& one : group(records)) {
    const Record& last = *one.records.back();
    newest[{one.scenario, std::string(record::cell_name(last.trial)), last.site}] = std::move(one);
  }
  for (const auto& [key, group] : newest) {
    const Record& first = *group.records.front();
    const Labels cell = {
        {"scenario", std::get<0>(key)}, {"cell", std::get<1>(key)}, {"site", std::get<2>(key)}};
    const std::string emulated = record::is_emulated(first.conditions) ? "true" : "false";
    for (const std::string& step : step_names(group)) {
      Labels labels = cell;
      labels.emplace_back("step", step);
      exits.add(labels, step_exits(group, step).median());
      if (const Values values = step_seconds(group, step); !values.empty())
        seconds.add(labels, values.median());
      for (const Pool::Entry& entry : pool(group, step).entries) {
        Labels reason = labels;
        reason.emplace_back("reason", entry.name);
        reason.emplace_back("category", entry.category);
        reasons.add(reason, reason_exits(group, step, entry.number).median());
        reason.emplace_back("emulated", emulated);
        if (entry.timed_exits > 0) cycles.add(reason, entry.cycles / entry.timed_exits);
      }
    }
  }
  return trials(records) + exits.text() + reasons.text() + cycles.text() + seconds.text() +
         "# EOF\n";
}

}  // namespace lab::report
