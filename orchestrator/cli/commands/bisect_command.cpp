// SPDX-License-Identifier: MIT
// `lab bisect` finds the change that made the difference.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/cli/bisect/bisect_points.hpp"
#include "orchestrator/cli/bisect/bisector.hpp"
#include "orchestrator/cli/bisect/ends_of_runs.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

struct BisectOptions {
  bisect::Request request;
  bool resume = false;
  std::string of_runs, output;
  TrialOptions trials;
};

// Takes the ends from two runs, and prints the settings that they had beyond their scenario's.
void take_runs(bisect::Request& request, const BisectOptions& options) {
  take_ends_of_runs(request, options.of_runs, store_path(options.trials.store));
  const std::size_t theirs = request.set.size() - options.trials.set.size();
  for (std::size_t i = 0; i < theirs; ++i)
    say(fmt::format("lab: as in these runs: --set {}\n", base::shell_quoted(request.set[i])));
}

// Makes paths absolute, as --resume may come from another folder.
bisect::Request make_request(const BisectOptions& options) {
  bisect::Request request = options.request;
  request.site = options.trials.run.site;
  request.set = options.trials.set;
  if (!options.of_runs.empty()) take_runs(request, options);
  if (request.scenario.empty())
    throw base::user_error("no scenario to bisect by", "lab bisect quick --source ~/linux …");
  if (request.source.empty() == request.over.empty())
    throw base::user_error(
        "a bisection is over --source TREE or --over KEY=VALUE,VALUE…, one of them");
  if (!request.source.empty() && (request.good.empty() || request.bad.empty()))
    throw base::user_error("--source needs both ends", "--good COMMIT --bad COMMIT");
  request.scenario = fs::absolute(scenario_file(request.scenario)).lexically_normal();
  if (!request.source.empty()) request.source = fs::absolute(request.source).lexically_normal();
  if (!request.over.empty()) request.over = over_in_full(request);
  for (std::string& set : request.set) set = set_in_full(set);
  request.repeat = options.trials.repeat;
  return request;
}

int bisect_by(const BisectOptions& options) {
  const fs::path file = base::find_folders().state / "bisect.json";
  const bool is_new = !options.request.scenario.empty() || !options.of_runs.empty();
  if (options.resume && is_new)
    throw base::user_error(
        "--resume goes on with the last bisection: it takes no "
        "scenario and no runs");
  bisect::Log log =
      options.resume ? bisect::read_log(file) : bisect::Log{.request = make_request(options)};
  TrialOptions trials = options.trials;
  trials.run.site = log.request.site;
  trials.set = log.request.set;
  trials.repeat = log.request.repeat;
  Bisector bisector(std::move(log), file, trials);
  base::ExitCode code = base::exit_ok;
  try {
    code = bisector.run();
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::user)
      say("lab: what was found is kept: lab bisect --resume\n");
    throw;
  }
  write_output(options.output, bisector.text());
  return code;
}

}  // namespace

void add_bisect(const Command& app) {
  const auto options = std::make_shared<BisectOptions>();
  bisect::Request& request = options->request;
  const Command command =
      app.add_subcommand("bisect", "Which commit (or other value) changed the exits of a scenario");
  command.add_option("scenario", request.scenario, "The scenario by whose exits it is told");
  const Option source =
      command.add_option("--source", request.source, "Your kernel tree, a git repository");
  const Option good =
      command.add_option("--good", request.good, "The commit that is as it should be");
  const Option bad = command.add_option("--bad", request.bad, "The commit that is not");
  command
      .add_option("--of-runs", options->of_runs,
                  "A..B: two runs of the store instead, each on a commit of one tree, as where a "
                  "change of the history begins")
      .excludes(source)
      .excludes(good)
      .excludes(bad);
  command.add_option("--over", request.over,
                     "KEY=VALUE,VALUE,…: over a setting's values instead, the good one first");
  command.add_option("--of", request.subject,
                     "'STEP: REASON', 'STEP: total' or 'STEP: part of a cause' (default: what "
                     "changed most)");
  command.add_flag("--find-fix", request.find_fix,
                   "Look for what made it better: --bad is the older commit");
  command.add_flag("--resume", options->resume, "Go on with the last one, whatever ended it");
  add_trial_options(command, options->trials);
  command.add_option("--repeat", options->trials.repeat, "Trials of each point").range(1, 10000);
  add_output(command, options->output);
  command.runs([options] { return bisect_by(*options); });
}

}  // namespace lab::cli
