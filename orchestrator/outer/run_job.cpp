// SPDX-License-Identifier: MIT
#include "orchestrator/outer/run_job.hpp"

#include "orchestrator/inside/machine/random_seed.hpp"
#include "orchestrator/outer/job_layout.hpp"
#include "orchestrator/outer/stream/job_events.hpp"
#include "orchestrator/outer/stream/read_stream.hpp"
#include "orchestrator/outer/warm.hpp"

namespace lab::outer {
namespace {

constexpr double silence_limit = 180;    // seconds
constexpr double outer_allowance = 600;  // outer boot, module swaps, domain start and end

StreamLimits limits_for(const inside::Job& job) {
  double whole = outer_allowance * job.time_scale;
  for (const scenario::TrialPlan& plan : job.plans)
    whole += static_cast<double>(plan.timeouts.trial.count()) + 60 * job.time_scale;
  return {.silence = silence_limit * job.site->slowness * job.time_scale,
          .whole = whole * job.site->slowness,
          .line = trial::max_event_bytes};
}

guest::DomainSpec lay_out(const OuterImage& image, inside::Job& job, const base::RunFolder& run,
                          const trial::Sink& sink) {
  if (can_be_warm(*job.site, image))
    job.seed = inside::has_own_clock(job) ? std::string(2 * inside::seed_bytes, '0')
                                          : inside::make_random_seed();
  job.thrown_away = true;
  sink(trial::other_phase("job disk"));
  return lay_out_outer(image, job, "lab-outer-" + run.id(), run.path(), run.sockets(), start_job);
}

}  // namespace

void make_saved_state(const OuterImage& image, const inside::Job& job, const base::Folders& folders,
                      const base::RunFolder& run, const trial::Sink& sink) {
  if (!can_be_warm(*job.site, image)) return;
  const guest::DomainSpec spec =
      outer_machine(image, job, "lab-outer-" + run.id(), run.path(), run.sockets(), start_job);
  make_warm_state(image, job, spec, folders, run, sink);
}

void run_job(const OuterImage& image, inside::Job job, const base::Folders& folders,
             const base::RunFolder& run, const trial::Sink& sink) {
  const bool warm = can_be_warm(*job.site, image);
  const guest::DomainSpec spec = lay_out(image, job, run, sink);
  const record::Conditions outside = outside_conditions(image, job);
  if (!warm) sink({.what = trial::PhaseBegun{{record::Phase::Kind::outer_vm}, ""}});
  const auto machine = warm ? start_warm(image, job, spec, folders, run, sink)
                            : back_end(*job.site).start(image, spec, run.path());
  JobEvents events(sink, job, outside);
  read_stream(*machine, limits_for(job),
              [&](const std::string& line) { return events.take(line); });
  events.throw_failure();
}

}  // namespace lab::outer
