// SPDX-License-Identifier: MIT
#include "orchestrator/cli/trials/measure.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/record/counts.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::cli {
namespace {

namespace condition = record::condition;

std::vector<scenario::TrialPlan> plans_in(const std::vector<std::string>& files,
                                          TrialOptions& options) {
  std::vector<scenario::Scenario> scenarios = load_scenarios(files, options);
  decide_repeat(scenarios, options);
  return make_plans(scenarios, options);
}

std::string failure_text(const record::Record& record) {
  return report::printable(fmt::format("{}: {}{}{}", record.trial, to_string(record.outcome),
                                       record.message.empty() ? "" : ": ", record.message));
}

// Returns one state as a setting like any other, and several states as an axis of the matrix.
std::string override_text(const std::vector<State>& states) {
  const State& first = states.front();
  if (states.size() == 1) return first.setting + "=" + first.value;
  std::string values;
  for (const State& state : states) values += (values.empty() ? "" : ",") + state.value;
  return fmt::format("matrix.{}={}", first.setting, values);
}

// Returns the value that a setting of the matrix has in this trial.
std::string value_in(const std::vector<scenario::TrialPlan>& plans, const std::string& trial,
                     const std::string& setting) {
  const auto plan = std::ranges::find(plans, trial, &scenario::TrialPlan::name);
  if (plan == plans.end()) return "";
  for (const auto& [key, value] : plan->cell)
    if (key == setting) return value;
  return "";
}

// Returns "quick[image=tiny]#1" for "quick[image=tiny,kvm.kernel=6.1]#1", one name for both sides.
std::string without_state(std::string trial, const State& state) {
  const std::string key = state.setting == "kvm.paging" ? "paging" : state.setting;
  const std::string word = key + "=" + state.value;
  for (const auto& [text, instead] : {std::pair("[" + word + "]", ""),
                                      {"[" + word + ",", "["},
                                      {"," + word + "]", "]"},
                                      {"," + word + ",", ","}})
    if (const std::size_t at = trial.find(text); at != std::string::npos)
      return trial.replace(at, text.size(), instead);
  return trial;
}

std::vector<record::Record> cell_trials(const Measured& measured, const std::string& cell) {
  std::vector<record::Record> trials;
  for (record::Record record : measured.records) {
    record.trial = without_state(record.trial, measured.state);
    if (record::cell_name(record.trial) == cell) trials.push_back(std::move(record));
  }
  return trials;
}

}  // namespace

kvm::TreeTools tree_tools() {
  const base::Folders folders = base::find_folders();
  return {folders.kvm_patch(), folders.cache};
}

std::vector<Measured> measure(const std::vector<std::string>& scenarios,
                              const std::vector<State>& states, TrialOptions options) {
  options.set.push_back(override_text(states));
  TrialRunner runner(plans_in(scenarios, options), options);
  runner.run();
  runner.finish();
  std::vector<Measured> all;
  for (const State& state : states) {
    std::vector<record::Record> own;
    for (record::Record& record : runner.records())
      if (states.size() == 1 ||
          value_in(runner.plans(), record.trial, state.setting) == state.value)
        own.push_back(std::move(record));
    all.push_back(as_measured(state, std::move(own)));
    if (!runner.all_stored()) all.back().outcome = base::exit_infrastructure;
  }
  return all;
}

Measured as_measured(State state, std::vector<record::Record> records) {
  Measured measured{.state = std::move(state), .records = std::move(records)};
  std::vector<record::TrialCounts> counts;
  for (const record::Record& record : measured.records) {
    counts.push_back(counts_in(measured, record));
    measured.outcome = worse(measured.outcome, exit_code(record.outcome));
    if (record.outcome != record::Outcome::passed && measured.failure.empty())
      measured.failure = failure_text(record);
  }
  measured.cells = check::gather(counts).cells;
  return measured;
}

std::set<std::string> conditions_behind(const std::string& setting) {
  std::set<std::string_view> keys{condition::image_digest, condition::guest_kernel};
  if (setting == "kvm.kernel")
    keys = {condition::outer_kernel, condition::kvm_source, condition::outer_image,
            condition::kvm_parameters};
  if (setting == "image") keys.insert({condition::image, condition::cmdline});
  if (setting == "guest.kernel") keys.insert({condition::guest_kernel_file, condition::cmdline});
  if (setting == "guest.emulator") keys = {condition::guest_qemu, condition::firmware};
  return {keys.begin(), keys.end()};
}

check::GateOptions gate_for(const std::vector<std::string>& scenarios, const std::string& setting,
                            const TrialOptions& options) {
  check::GateOptions gate{.across = conditions_behind(setting)};
  for (const scenario::Scenario& scenario : load_scenarios(scenarios, options))
    gate.floors.push_back({scenario.name, {.own = scenario.floors}});
  return gate;
}

check::Verdict judge_change(const Measured& before, const Measured& after,
                            const check::GateOptions& gate) {
  check::Verdict verdict = check::judge(before.cells, after.cells, gate);
  for (check::CellJudgement& cell : verdict.cells)
    check::name_causes(cell, cell_trials(before, cell.comparison.a_name),
                       cell_trials(after, cell.comparison.b_name));
  return verdict;
}

record::TrialCounts counts_in(const Measured& measured, const record::Record& record) {
  record::TrialCounts counts = record::to_counts(record);
  counts.trial = without_state(std::move(counts.trial), measured.state);
  return counts;
}

std::string where_in_words(const Measured& measured) {
  if (measured.records.empty()) return "nothing";
  const record::Record& first = measured.records.front();
  const bool emulated = record::is_emulated(first.conditions);
  const bool exact = !record::find_condition(first.conditions, condition::exact).empty();
  return fmt::format("{}{}{}, outer kernel {}, {} a side", first.site,
                     emulated ? " (emulated" : " (hardware", exact ? ", exact)" : ")",
                     record::find_condition(first.conditions, condition::outer_kernel),
                     base::counted(measured.records.size(), "trial"));
}

}  // namespace lab::cli
