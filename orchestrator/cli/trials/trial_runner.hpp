// SPDX-License-Identifier: MIT
// Contains what all commands that run trials share: it makes plans from scenario files, runs them
// with retries, keeps each record as it comes, and reports progress on standard error.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/cli/parser.hpp"
#include "orchestrator/cli/trials/in_order.hpp"
#include "orchestrator/lane/run.hpp"
#include "orchestrator/run/run.hpp"
#include "orchestrator/store/store.hpp"
#include "orchestrator/terminal/phase_clock.hpp"
#include "orchestrator/terminal/progress.hpp"
#include "orchestrator/terminal/publish.hpp"

namespace lab::cli {

// Is the number of entries a vCPU for the causes of exits: a boot of Debian takes some 4,000.
inline constexpr std::uint32_t usual_causes = 16384;

struct TrialOptions {
  std::vector<std::string> set;  // KEY=VALUE
  std::uint32_t repeat = 0;      // instead of the scenario's; 0: the scenario's
  double timeout_scale = 1;
  unsigned retry = 0;
  bool exact = false, no_exact = false, causes = false, timings = false, fail_fast = false;
  std::string store;        // the file; "": lab's own
  scenario::Wanted wanted;  // none: all trials are wanted
  run::RunOptions run;
  lane::Via via;
};

inline constexpr int most_lanes = 4096;

// Adds --on, --set, --via and others that decide what trials consist of and where they run.
void add_place_options(const Command& command, TrialOptions& options);
// Adds those, -j and all other options of TrialOptions but --repeat and --fail-fast.
void add_trial_options(const Command& command, TrialOptions& options);
// Throws a user error where options about lanes contradict each other.
void check_lanes(const TrialOptions& options);

scenario::Scenario load_scenario(const std::string& file, const TrialOptions& options);
std::vector<scenario::Scenario> load_scenarios(const std::vector<std::string>& files,
                                               const TrialOptions& options);
// Decides the number of trials that `repeat: auto` leaves open: one of each cell where all are
// exact, else the least that a check needs. Then it also decides the site of `options`.
void decide_repeat(std::vector<scenario::Scenario>& scenarios, TrialOptions& options);
std::vector<scenario::TrialPlan> make_plans(const scenario::Scenario& scenario,
                                            const TrialOptions& options);
std::vector<scenario::TrialPlan> make_plans(const std::vector<scenario::Scenario>& scenarios,
                                            const TrialOptions& options);

void scale_timeouts(scenario::TrialPlan& plan, double factor);

base::ExitCode exit_code(record::Outcome outcome);

class TrialRunner {
 public:
  using Next = std::function<void(const std::vector<const record::Record*>&)>;

  // `run_name` is Record::run of all records; "" stands for the first record's id.
  TrialRunner(std::vector<scenario::TrialPlan> plans, const TrialOptions& options,
              std::string run_name = "");

  // Takes records of an earlier call of the same run, so that their trials need not run. Throws a
  // user error where one belongs to another trial.
  void resume(const std::vector<record::Record>& records);

  // Passes records that are next in the plans' order to `next`, each once. Throws the error that
  // stopped it; the records that came before it are kept.
  void run(const Next& next = [](const auto&) {});

  // Frees records once `next` had them, so that records() leaves them out.
  void forget_shown() { forget_ = true; }

  // rest() returns, at the end, records that `next` has not seen because others before them are
  // missing; records() returns all.
  std::vector<const record::Record*> rest() { return in_order_.rest(); }
  std::vector<record::Record> records() const { return in_order_.records(); }
  const std::vector<scenario::TrialPlan>& plans() const { return plans_; }

  void clear_progress() { progress_.clear(); }
  // Reports how long all took, what --fail-fast left out, and which records the store did not take.
  void finish();
  // Returns the records' exit code, or infrastructure's where the store did not take a record.
  base::ExitCode exit_code() const;
  // Returns false where a record could not go into the store and lies beside it.
  bool all_stored() const { return unstored_.empty(); }

  // Handles one event of a run.
  void take(const trial::Event& event);

 private:
  bool failed_early() const { return options_.fail_fast && failed_; }
  void run_plans();
  void choose_site(const std::vector<scenario::TrialPlan>& plans, const trial::Sink& sink);
  void foretell(const std::vector<scenario::TrialPlan>& plans);
  void keep(record::Record record, unsigned lane);
  void take_failure(const std::string& trial, const base::Error& error);
  void hand_over();
  const scenario::TrialPlan* find_plan(const record::Record& record) const;
  bool is_warmup(const record::Record& record) const;
  void print_summary(std::size_t trials) const;

  const std::vector<scenario::TrialPlan> plans_;
  const TrialOptions& options_;
  InOrder in_order_;
  std::unordered_map<std::string_view, const scenario::TrialPlan*> plan_by_name_;
  base::Folders folders_;
  store::Store store_;
  base::RunFolder run_folder_;  // for lab top
  terminal::LivePublisher live_;
  terminal::Progress progress_;
  terminal::PhaseClock clock_;
  Next next_ = [](const auto&) {};
  std::string site_;                             // where they run; "" until it is known
  std::string run_;                              // Record::run of all
  std::vector<std::filesystem::path> unstored_;  // files of records that the store did not take
  base::ExitCode worst_ = base::exit_ok;         // of the records' outcomes
  bool forget_ = false;
  bool failed_ = false;        // a trial did not pass
  bool last_attempt_ = false;  // no trial that fails now is tried again
};

}  // namespace lab::cli
