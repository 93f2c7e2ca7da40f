// SPDX-License-Identifier: MIT
// Writes trials as a page: those of a run, two sets side by side, or a store's history.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/check/comparison/comparison.hpp"
#include "orchestrator/check/history/history.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/report/page/page.hpp"

namespace lab::cli {
namespace {

using record::Record;
using record::TrialCounts;
using store::Store;

// A page contains the newest records only: more are too many to look at and to keep in memory.
constexpr std::size_t records_shown = 400;
// Above this number only totals are searched for changes, not reasons: that takes seconds.
constexpr std::size_t trials_with_reasons = 20'000;

struct ReportOptions {
  std::string what, other, scenario, store, title, output;
  bool history = false;
  double alpha = 0.05;
};

// Is the part of one side that the page shows.
struct ReportSide {
  std::string name;   // as the user names it
  std::string store;  // the file
  std::vector<TrialCounts> trials;
};

ReportSide select(const ReportOptions& options, const std::string& word) {
  const bool is_file = std::filesystem::is_regular_file(word);
  const std::string file = is_file ? word : store_path(options.store);
  const Store store(file, Store::Mode::read_only);
  return {word, file,
          is_file ? without_confirmations(store.counts({.scenario = options.scenario}))
                  : select_trials(store, word, options.scenario)};
}

// Reads whole records of the newest trials, but only timelines that a page shows: they are large.
std::vector<Record> read(const ReportSide& side, std::vector<std::string>& notes) {
  std::vector<std::string> ids;
  const auto newest = std::span(side.trials).last(std::min(records_shown, side.trials.size()));
  for (auto trial = newest.rbegin(); trial != newest.rend(); ++trial) ids.push_back(trial->id);
  if (ids.empty()) return {};
  if (ids.size() < side.trials.size())
    notes.push_back(fmt::format("of {} trials of {}, the newest {} are shown one by one",
                                side.trials.size(), side.name, ids.size()));
  std::vector<Record> records;
  std::map<std::string, std::size_t> with_timeline;  // each cell's newest so far
  std::size_t failed = 0;
  Store(side.store, Store::Mode::read_only).for_each({.ids = ids}, [&](const Record& record) {
    records.push_back(record);
    if (!record.timeline) return;
    if (record.outcome != record::Outcome::passed) {
      if (++failed > report::timelines_shown) records.back().timeline.reset();
      return;
    }
    const auto [before, is_first] =
        with_timeline.try_emplace(std::string(record::cell_name(record.trial)), records.size() - 1);
    if (!is_first) records[std::exchange(before->second, records.size() - 1)].timeline.reset();
  });
  return records;
}

class Reporter {
 public:
  explicit Reporter(const ReportOptions& options) : options_(options) {}

  int run() {
    if (options_.output.empty() && ::isatty(STDOUT_FILENO) != 0)
      throw base::user_error("a page of HTML is nothing for a terminal",
                             "name a file: lab report -o report.html");
    if (!options_.history) take_trials();
    if (options_.history || options_.what.empty()) take_history();
    if (records_.empty() && !(history_ && history_->trials() > 0))
      throw base::user_error("no trial to report on in store '" + store_path(options_.store) + "'",
                             "lab run scenarios/boot-count.yaml --set image=tiny");
    const report::Page page{.title = title(),
                            .command = command(),
                            .lab_version = inside::version(),
                            .made = std::chrono::system_clock::now(),
                            .notes = notes_,
                            .records = records_,
                            .other = other_,
                            .comparisons = comparisons_,
                            .history = history_ ? &*history_ : nullptr};
    write_output(options_.output, report::html(page));
    if (!options_.output.empty() && options_.output != "-")
      say(fmt::format("lab: report of {} in {}\n", extent(), options_.output));
    return base::exit_ok;
  }

 private:
  void take_trials() {
    const ReportSide a = select(options_, options_.what.empty() ? "latest" : options_.what);
    records_ = read(a, notes_);
    add_scenarios(a);
    if (options_.other.empty()) return;
    const ReportSide b = select(options_, options_.other);
    other_ = records_.size();
    for (Record& record : read(b, notes_))
      if (std::ranges::find(records_, record.id, &Record::id) == records_.end())
        records_.push_back(std::move(record));
    add_scenarios(b);
    compare(a, b);
  }

  void add_scenarios(const ReportSide& side) {
    for (const TrialCounts& trial : side.trials) scenarios_.insert(trial.scenario);
  }

  void compare(const ReportSide& a, const ReportSide& b) {
    const auto cells_a = gather(a.trials), cells_b = gather(b.trials);
    const check::Pairs pairs = check::pair_up(cells_a, cells_b);
    for (const check::Cell* cell : pairs.only_a) notes_.push_back("only before: " + cell->name);
    for (const check::Cell* cell : pairs.only_b) notes_.push_back("only after: " + cell->name);
    if (pairs.pairs.empty())
      notes_.emplace_back("nothing in both belongs together: no cell of the same name");
    comparisons_ = check::compare_all(pairs, options_.alpha);
  }

  // Takes the history of --scenario, of the trials' scenarios, or of all.
  void take_history() {
    const Store store(store_path(options_.store), Store::Mode::read_only);
    std::vector<std::string> scenarios(scenarios_.begin(), scenarios_.end());
    if (scenarios.empty()) scenarios = {options_.scenario};
    std::size_t trials = 0;
    for (const std::string& scenario : scenarios)
      for (const record::RunInfo& run : store.runs(scenario)) trials += run.trials;
    const bool reasons = trials <= trials_with_reasons;
    history_.emplace(check::HistoryOptions{.reasons = reasons});
    for (const std::string& scenario : scenarios)
      store.for_each_counts({.scenario = scenario},
                            [&](const TrialCounts& trial) { history_->add(trial); });
    if (!reasons)
      notes_.push_back(fmt::format(
          "the history has {} trials: changes are looked for in totals, not in each reason",
          trials));
  }

  std::string title() const {
    if (!options_.title.empty()) return options_.title;
    if (!options_.other.empty()) return options_.what + " and " + options_.other;
    if (options_.history) return options_.scenario.empty() ? "history" : options_.scenario;
    return fmt::format("{}", fmt::join(scenarios_, ", "));
  }

  std::string command() const {
    std::string text = "lab report";
    for (const std::string& word : {options_.what, options_.other})
      if (!word.empty()) text += " " + word;
    if (!options_.scenario.empty()) text += " --scenario " + options_.scenario;
    return options_.history ? text + " --history" : text;
  }

  std::string extent() const {
    std::string text;
    if (!records_.empty()) text = base::counted(records_.size(), "trial");
    if (history_)
      text += fmt::format("{}a history of {}", text.empty() ? "" : " and ", history_->trials());
    return text;
  }

  const ReportOptions& options_;
  std::vector<Record> records_;
  std::size_t other_ = SIZE_MAX;     // index of the second side's first record
  std::set<std::string> scenarios_;  // of the records
  std::vector<check::Comparison> comparisons_;
  std::optional<check::History> history_;
  std::vector<std::string> notes_;
};

}  // namespace

void add_report(const Command& app) {
  const auto options = std::make_shared<ReportOptions>();
  const Command command = app.add_subcommand(
      "report",
      "Trials as one HTML page that needs no network: answers, charts, every number. Without "
      "anything: the newest run and its scenarios' history");
  const Option what =
      command.add_option("what", options->what, std::string("Of these trials: ") + selection_help);
  command.add_option("other", options->other, "And these, side by side with the first");
  command.add_flag("--history", options->history, "Only how totals went from run to run")
      .excludes(what);
  command.add_option("--scenario", options->scenario, "Only this scenario's");
  command.add_option("--title", options->title, "The page's title");
  command.add_option("--store", options->store, "The store's file");
  add_output(command, options->output);
  command.runs([options] { return Reporter(*options).run(); });
}

}  // namespace lab::cli
