// SPDX-License-Identifier: MIT
#include "orchestrator/lane/run.hpp"

#include <algorithm>
#include <utility>

#include "orchestrator/lane/pool/pool.hpp"
#include "orchestrator/lane/start.hpp"
#include "orchestrator/run/checks.hpp"

namespace lab::lane {
namespace {

bool is_exact(const scenario::TrialPlan& plan) {
  return plan.settings.exact == scenario::Exact::always;
}

}  // namespace

void run_plans(const std::vector<scenario::TrialPlan>& asked, const run::RunOptions& options,
               const Via& via, const std::function<bool()>& stop_early,
               const std::function<void(const std::string& text)>& warn, const trial::Sink& sink) {
  const record::Site& site = run::site_for(options.site, asked, sink);
  std::vector<scenario::TrialPlan> plans = run::decide_exact(asked, site);
  const Starter starter(via, plans, site, options.at_once);
  PoolOptions pool{.lanes = options.at_once,
                   .command = [&](unsigned lane) { return starter(lane); },
                   .ours = this_lane(),
                   .work = {.site = std::string(site.name),
                            .verify_tracepoint = options.verify_tracepoint,
                            .time_scale = options.time_scale,
                            .plans = {}},
                   .prove = !via.unproved && std::ranges::any_of(plans, is_exact),
                   .queue_limit = 60 * via.queue_limit};
  Pool(std::move(plans), std::move(pool), stop_early, warn, sink).run();
}

}  // namespace lab::lane
