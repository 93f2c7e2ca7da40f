// SPDX-License-Identifier: MIT
#include "orchestrator/cli/bisect/ends_of_runs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/trials/measure.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/record/counts.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/store/store.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;
using Plans = std::vector<scenario::TrialPlan>;
using Cells = std::vector<Json>;  // of what_counts()

struct RunEnd {
  std::string run, scenario, site, tree, commit;
  Cells cells;
};

// Returns all that a trial's counts depend on, as an object with `settings` and `steps`, without
// the kernel and causes, which a bisection chooses.
Json what_counts(scenario::TrialPlan plan) {
  plan.settings.kernel.clear();
  plan.settings.causes = 0;
  for (scenario::Step& step : plan.steps) step.timeout = {};
  const Json object = scenario::to_object(plan);
  return {{"settings", object["settings"]}, {"steps", object["steps"]}};
}

Cells what_counts(const Plans& plans) {
  Cells cells;
  for (const scenario::TrialPlan& plan : plans) cells.push_back(what_counts(plan));
  return cells;
}

scenario::TrialPlan plan_in(const record::Record& record) {
  try {
    return scenario::plan_from_object(base::parse_json<Json>(record.plan));
  } catch (const std::exception& error) {
    throw base::user_error(
        fmt::format("the plan of record {} is none: {}", record.id, error.what()));
  }
}

// A record of an older lab has no plan; only its name is known.
Plans plans_in(const store::Store& store, const std::vector<record::TrialCounts>& trials) {
  Plans plans;
  std::set<std::string_view> cells;
  for (const record::TrialCounts& trial : trials) {
    if (!cells.insert(record::cell_name(trial.trial)).second) continue;
    const auto record = store.find(trial.id);
    plans.push_back(record->plan.empty() ? scenario::TrialPlan{} : plan_in(*record));
  }
  return plans;
}

bool is_commit_id(const std::string& word) {
  return word.size() >= 7 && word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// A name such as HEAD may mean another commit by now, so this compares its kernel with what ran.
void check_name(const RunEnd& end, const record::Conditions& conditions) {
  if (is_commit_id(end.commit)) return;
  const std::string at = end.tree + "@" + end.commit;
  const std::string release = record::find_condition(conditions, record::condition::outer_kernel),
                    kvm = record::find_condition(conditions, record::condition::kvm_source);
  if (kvm::kernel_key(tree_tools(), at) == release.substr(release.rfind('-') + 1) + " " + kvm)
    return;
  throw base::user_error(
      fmt::format("run {} ran on '{}', which is another kernel now", end.run, at),
      fmt::format("lab bisect --source {} --good COMMIT --bad COMMIT, with the --set of the runs; "
                  "next time: --set kvm.kernel=TREE@ID",
                  end.tree));
}

RunEnd end_of_run(const store::Store& store, const std::string& word, const std::string& scenario) {
  const std::vector<record::TrialCounts> trials = select_run(store, word, scenario);
  const auto record = store.find(trials.front().id);
  const Plans plans = plans_in(store, trials);
  const std::string kernel = plans.front().settings.kernel;
  const std::size_t at = kernel.rfind('@');
  if (!kernel.starts_with("/") || at == std::string::npos)
    throw base::user_error(
        fmt::format("run {} ran on {}, not on a commit of a kernel tree", record->run,
                    kernel.empty() ? "the usual kernel" : "kernel '" + kernel + "'"),
        "lab run SCENARIO --set kvm.kernel=~/linux@COMMIT");
  for (const scenario::TrialPlan& plan : plans)
    if (plan.settings.kernel != kernel)
      throw base::user_error(
          fmt::format("run {} ran on '{}' and on '{}'", record->run, kernel, plan.settings.kernel),
          "name a record on each side: lab results list");
  RunEnd end{.run = record->run,
             .scenario = record->scenario,
             .site = record->site,
             .tree = kernel.substr(0, at),
             .commit = kernel.substr(at + 1),
             .cells = what_counts(plans)};
  check_name(end, record->conditions);
  return end;
}

std::set<std::string> distinct(const Cells& cells) {
  std::set<std::string> texts;
  for (const Json& cell : cells) texts.insert(cell.dump());
  return texts;
}

// Returns the texts of a setting, in the order of the cells.
std::vector<std::string> values_in(const Cells& cells, const std::string& key) {
  std::vector<std::string> values;
  for (const Json& cell : cells) {
    const std::string value = cell.at("settings").value(key, "");
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
  }
  return values;
}

std::vector<std::string> setting_keys(const Cells& cells) {
  std::vector<std::string> keys;
  for (const Json& cell : cells)
    for (const auto& [key, value] : cell.at("settings").items())
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
  return keys;
}

void check_sides(const RunEnd& a, const RunEnd& b) {
  if (a.tree != b.tree || a.scenario != b.scenario || a.site != b.site)
    throw base::user_error(fmt::format(
        "--of-runs: {} of '{}' on {} and {} of '{}' on {} are no two states of one tree",
        a.scenario, a.tree, a.site, b.scenario, b.tree, b.site));
  Cells both = a.cells;
  both.insert(both.end(), b.cells.begin(), b.cells.end());
  for (const std::string& key : setting_keys(both)) {
    const auto before = values_in(a.cells, key), after = values_in(b.cells, key);
    if (before != after)
      throw base::user_error(
          fmt::format("--of-runs: not only the commit differs: {} is '{}' in {} and '{}' in {}",
                      key, base::joined(before, "', '"), a.run, base::joined(after, "', '"), b.run),
          "two runs, or two records, of one cell: lab results list");
  }
  if (distinct(a.cells) != distinct(b.cells))
    throw base::user_error(
        fmt::format("--of-runs: {} and {} had other steps or other cells", a.run, b.run));
}

// Returns KEY=VALUE for each setting that the runs had and the scenario alone lacks.
std::vector<std::string> settings_to_add(const Cells& runs, const std::string& file) {
  std::vector<std::string> set;
  const auto load = [&] { return what_counts(scenario::expand(scenario::load(file, set))); };
  Cells own;
  try {
    own = load();
  } catch (const base::Error&) {  // It may leave its image to --set.
    set = {"image=" + runs.front().at("settings").value("image", "")};
    own = load();
  }
  for (const std::string& key : setting_keys(runs)) {
    const std::vector<std::string> values = values_in(runs, key);
    if (values == values_in(own, key)) continue;
    set.push_back((values.size() == 1 ? "" : "matrix.") + key + "=" + base::joined(values, ","));
  }
  return set;
}

void check_scenario(const RunEnd& end, const std::string& file,
                    const std::vector<std::string>& set) {
  const Cells now = what_counts(scenario::expand(scenario::load(file, set)));
  if (!std::ranges::includes(distinct(now), distinct(end.cells)))
    throw base::user_error(
        fmt::format("run {} had other steps or settings than '{}' can have now", end.run, file),
        fmt::format("with those that it has now: lab bisect {} --source {} --good … --bad …",
                    fs::path(file).stem().string(), end.tree));
}

}  // namespace

void take_ends_of_runs(bisect::Request& request, const std::string& runs,
                       const std::string& store_file) {
  const std::size_t dots = runs.find("..");
  if (dots == std::string::npos)
    throw base::user_error("--of-runs '" + runs + "' is not A..B", "lab results list");
  const store::Store store(store_file, store::Store::Mode::read_only);
  const std::string scenario = fs::path(request.scenario).stem();
  const RunEnd a = end_of_run(store, runs.substr(0, dots), scenario),
               b = end_of_run(store, runs.substr(dots + 2), scenario);
  check_sides(a, b);
  request.source = a.tree;
  (request.find_fix ? request.bad : request.good) = a.commit;
  (request.find_fix ? request.good : request.bad) = b.commit;
  if (request.scenario.empty()) request.scenario = a.scenario;
  if (request.site == "auto") request.site = a.site;
  const std::string file = scenario_file(request.scenario);
  const std::vector<std::string> set = settings_to_add(a.cells, file);
  check_scenario(a, file, set);
  request.set.insert(request.set.begin(), set.begin(), set.end());
}

}  // namespace lab::cli
