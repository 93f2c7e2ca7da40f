// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/report/causes/causes.hpp"

namespace lab::cli {
namespace {

using check::StepCauses;
using store::Store;

struct CausesOptions {
  std::string what = "latest", other, scenario, step, reason, by = "both", store, format = "table",
              output;
  std::size_t most = 20;
};

const std::vector<std::string> formats = {"table", "json", "csv", "folded", "speedscope", "pprof"};

std::vector<record::Record> select_records(const CausesOptions& options, const std::string& word) {
  if (std::filesystem::is_regular_file(word))
    return Store(word, Store::Mode::read_only).list({.scenario = options.scenario});
  const Store store(store_path(options.store), Store::Mode::read_only);
  std::vector<record::Record> records;
  for (const record::TrialCounts& trial : select_trials(store, word, options.scenario))
    records.push_back(store.show(trial.id));
  return records;
}

// Keeps only trials that passed, where some did: a guest that failed did other work.
void leave_out_failed(std::vector<record::Record>& records) {
  const auto passed = [](const record::Record& record) {
    return record.outcome == record::Outcome::passed;
  };
  if (std::ranges::none_of(records, passed)) return;
  const std::size_t failed =
      std::erase_if(records, [&](const auto& record) { return !passed(record); });
  if (failed > 0) say(fmt::format("lab: left out: {} trials that did not pass\n", failed));
}

std::string list_text(const std::set<std::string>& names) {
  return report::printable(fmt::format("{}", fmt::join(names, ", ")));
}

void keep_step(std::vector<StepCauses>& steps, const std::string& name, const std::string& word) {
  std::set<std::string> names;
  for (const StepCauses& step : steps) names.insert(step.step);
  std::erase_if(steps, [&](const StepCauses& step) { return step.step != name; });
  if (steps.empty())
    throw base::user_error(
        fmt::format("'{}' has no step '{}' with causes: {}", word, name, list_text(names)));
}

bool is_same_word(const std::string& a, const std::string& b) {
  return base::lower(a) == base::lower(b);
}

void keep_reason(std::vector<StepCauses>& steps, const std::string& reason,
                 const std::string& word) {
  std::set<std::string> names;
  for (StepCauses& step : steps) {
    for (const check::CauseSum& cause : step.causes) names.insert(cause.reason);
    std::erase_if(step.causes, [&](const check::CauseSum& cause) {
      return !is_same_word(cause.reason, reason) && std::to_string(cause.number) != reason;
    });
    step.exits = 0;
    for (const check::CauseSum& cause : step.causes) step.exits += cause.exits;
  }
  std::erase_if(steps, [](const StepCauses& step) { return step.causes.empty(); });
  if (steps.empty())
    throw base::user_error(
        fmt::format("'{}' has no reason '{}' with causes: {}", word, reason, list_text(names)));
}

std::vector<StepCauses> select_causes(const CausesOptions& options, const std::string& word) {
  std::vector<record::Record> records = select_records(options, word);
  if (records.size() > 1) leave_out_failed(records);
  std::vector<StepCauses> steps = check::sum_causes(records);
  if (steps.empty())
    throw base::user_error("'" + word + "' was recorded without causes",
                           "lab run SCENARIO --causes");
  if (!options.step.empty()) keep_step(steps, options.step, word);
  if (!options.reason.empty()) keep_reason(steps, options.reason, word);
  const check::By by = options.by == "detail"  ? check::By::detail
                       : options.by == "place" ? check::By::place
                                               : check::By::both;
  if (by != check::By::both)
    for (StepCauses& step : steps) step = check::merged(step, by);
  return steps;
}

std::string render(const CausesOptions& options, const std::vector<StepCauses>& steps) {
  if (options.format == "json") return report::causes_json(steps);
  if (options.format == "csv") return report::causes_csv(steps);
  if (options.format == "folded") return report::causes_folded(steps);
  if (options.format == "speedscope") return report::causes_speedscope(steps);
  if (options.format == "pprof") return report::causes_pprof(steps);
  return report::causes_table(steps, options.most, style_for(options.output));
}

std::string render(const CausesOptions& options, const check::StepPairs& pairs) {
  if (options.format == "json") return report::changes_json(pairs.pairs);
  if (options.format == "csv") return report::changes_csv(pairs.pairs);
  if (options.format == "folded") return report::changes_folded(pairs.pairs);
  return report::changes_table(pairs.pairs, options.most, style_for(options.output));
}

void refuse_one_sided_format(const CausesOptions& options) {
  if (options.format == "pprof")
    throw base::user_error("--format pprof has no difference of two sets",
                           "write each to a file, then: pprof -diff_base A B");
  if (options.format == "speedscope")
    throw base::user_error("--format speedscope has no difference of two sets",
                           "--format folded, for flamegraph.pl or inferno-flamegraph");
}

std::string vendors_text(const std::vector<StepCauses>& steps) {
  std::set<std::string> vendors;
  for (const StepCauses& step : steps)
    vendors.insert(step.vendor.empty() ? "unknown" : step.vendor);
  return list_text(vendors);
}

void refuse_other_vendor(const CausesOptions& options, const std::vector<StepCauses>& a,
                         const std::vector<StepCauses>& b) {
  const bool any_shared = std::ranges::any_of(a, [&](const StepCauses& step) {
    return std::ranges::find(b, step.vendor, &StepCauses::vendor) != b.end();
  });
  if (any_shared) return;
  throw base::user_error(
      fmt::format("'{}' is of vendor {} and '{}' of {}, whose exit reasons have other numbers: no "
                  "cause of one is a cause of the other",
                  options.what, vendors_text(a), options.other, vendors_text(b)),
      fmt::format(
          "lab compare {0} {1} compares them by category; lab causes {0} and lab causes {1} "
          "show the causes of each",
          options.what, options.other));
}

int compare_causes(const CausesOptions& options) {
  refuse_one_sided_format(options);
  const std::vector<StepCauses> a = select_causes(options, options.what),
                                b = select_causes(options, options.other);
  refuse_other_vendor(options, a, b);
  const check::StepPairs pairs = check::pair_steps(a, b);
  for (const std::string& name : pairs.only_a)
    say("lab: causes only in a: " + report::printable(name) + "\n");
  for (const std::string& name : pairs.only_b)
    say("lab: causes only in b: " + report::printable(name) + "\n");
  if (pairs.pairs.empty()) {
    say("lab: error: nothing in a and b belongs together: no step of the same cell and scenario\n");
    return base::exit_no_data;
  }
  write_output(options.output, render(options, pairs));
  return base::exit_ok;
}

int show_causes(const CausesOptions& options) {
  const bool to_terminal = options.output.empty() && ::isatty(STDOUT_FILENO) != 0;
  if (options.format == "pprof" && to_terminal)
    throw base::user_error("a packed profile is nothing for a terminal",
                           "name a file: lab causes --format pprof -o causes.pb.gz");
  if (!options.other.empty()) return compare_causes(options);
  write_output(options.output, render(options, select_causes(options, options.what)));
  return base::exit_ok;
}

}  // namespace

void add_causes(const Command& app) {
  const auto options = std::make_shared<CausesOptions>();
  const Command command =
      app.add_subcommand("causes",
                         "What the exits of recorded trials were about, and which code of the "
                         "guest caused them; of two "
                         "sets, what changed. Each is a run ('latest', 'latest~1', or its id), a "
                         "record's id, a store's "
                         "file, or KEY=VALUE[,...] of the conditions (kernel=6.1)");
  command.add_option("what", options->what, "Whose causes").shows_default();
  command.add_option("other", options->other, "Compare with these");
  command.add_option("--step", options->step, "Only of this step");
  command.add_option("--reason", options->reason, "Only of this exit reason: its name or number");
  command.add_option("--by", options->by, "What is told apart: detail, place or both")
      .one_of({"detail", "place", "both"})
      .shows_default();
  command.add_option("-n,--limit", options->most, "Of a step, so many in the table; 0: all")
      .shows_default();
  command.add_option("--scenario", options->scenario, "Only this scenario's");
  command.add_option("--store", options->store, "The store's file");
  command
      .add_option("--format", options->format,
                  "table, json, csv; folded (flamegraph.pl, inferno), speedscope, pprof")
      .one_of(formats)
      .shows_default();
  add_output(command, options->output);
  command.runs([options] { return show_causes(*options); });
}

}  // namespace lab::cli
