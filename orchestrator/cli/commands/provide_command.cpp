// SPDX-License-Identifier: MIT
// Fills the caches for scenarios, here or on the nodes of lanes, and a cache that others share.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/files/shared_cache.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/cli/trials/trial_runner.hpp"
#include "orchestrator/lane/fill_caches.hpp"

namespace lab::cli {
namespace fs = std::filesystem;
namespace {

struct ProvideCommandOptions {
  std::vector<std::string> scenarios;
  std::string share;
  TrialOptions trials;
};

void check_options(const ProvideCommandOptions& options) {
  check_lanes(options.trials);
  const bool lanes = !options.trials.via.command.empty();
  if (!lanes && options.trials.run.at_once != 1)
    throw base::user_error("-j: only with --via", "lab provide S… --via COMMAND -j N");
  if (lanes && !options.share.empty())
    throw base::user_error("--share: not with --via", "--share on one machine, then --via");
}

void share(const std::vector<fs::path>& folders, const fs::path& to, terminal::Progress& progress) {
  std::size_t copied = 0;
  for (const fs::path& folder : folders) {
    progress.phase("copying " + folder.filename().string() + " to " + to.string());
    copied += base::publish(folder, to) ? 1 : 0;
  }
  progress.clear();
  write_output("", fmt::format("{}: {} copied, {} there before\n", to.string(),
                               base::counted(copied, "folder"), folders.size() - copied));
}

int provide_here(const ProvideCommandOptions& options,
                 const std::vector<scenario::TrialPlan>& plans) {
  const base::Stopwatch watch;
  terminal::Progress progress;
  const std::vector<fs::path> folders =
      run::fill_caches(plans, options.trials.run, base::find_folders(), std::ref(progress));
  progress.clear();
  write_output("", fmt::format("here: all is there ({:.1f} s)\n", watch.seconds()));
  if (!options.share.empty()) share(folders, fs::absolute(options.share), progress);
  return base::exit_ok;
}

int provide_nodes(const ProvideCommandOptions& options,
                  const std::vector<scenario::TrialPlan>& plans) {
  base::ExitCode worst = base::exit_ok;
  terminal::Progress progress;
  const auto print = [&](const lane::FilledNode& node) {
    progress.clear();
    if (!node.error)
      return write_output("",
                          fmt::format("{}: all is there ({:.1f} s)\n", node.lane, node.seconds));
    say_error(fmt::format("{}: {}", node.lane, node.error->what()), node.error->hint());
    worst = worse(worst, base::exit_code(node.error->kind()));
  };
  lane::fill_caches(plans, options.trials.run, options.trials.via, std::ref(progress), print);
  return worst;
}

int provide_scenarios(ProvideCommandOptions options) {
  check_options(options);
  options.trials.run.time_scale = options.trials.timeout_scale;
  const std::vector<scenario::TrialPlan> plans =
      make_plans(load_scenarios(options.scenarios, options.trials), options.trials);
  return options.trials.via.command.empty() ? provide_here(options, plans)
                                            : provide_nodes(options, plans);
}

}  // namespace

void add_provide(const Command& app) {
  const auto options = std::make_shared<ProvideCommandOptions>();
  const Command command = app.add_subcommand(
      "provide", "Fill the caches for scenarios, here or where lanes run, and run no trial");
  command.add_option("scenario", options->scenarios, scenario_help).required();
  add_place_options(command, options->trials);
  command.add_number("-j,--jobs", options->trials.run.at_once, "Lanes, with --via", 1, most_lanes);
  command.add_option("--share", options->share,
                     "Also copy all to this FOLDER, others' LAB_SHARED_CACHE");
  command.runs([options] { return provide_scenarios(*options); });
}

}  // namespace lab::cli
