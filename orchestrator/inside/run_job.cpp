// SPDX-License-Identifier: MIT
#include "orchestrator/inside/job.hpp"

#include <unistd.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/standing_clock.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/inside/conditions.hpp"
#include "orchestrator/inside/machine/capabilities.hpp"
#include "orchestrator/inside/machine/machine_settings.hpp"
#include "orchestrator/inside/machine/random_seed.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/trial/host/libvirt_host.hpp"

namespace lab::inside {
namespace {

bool counts_whole_host(const kvm::Parameters& parameters) {
  const auto scope = parameters.find("exit_scope");
  return scope != parameters.end() && scope->second == "host";
}

// Starts libvirtd in an outer VM for one job, which starts none itself (images/outer: lab-init);
// not before KVM is loaded, as libvirt would probe QEMU's capabilities once more. A libvirtd that
// was just started may need a moment until it listens.
guest::ConnectionPtr connect_patiently(const Job& job) {
  // A machine for one job has its limits outside; inside nothing else may run.
  const auto patience = job.thrown_away ? std::nullopt : std::optional(guest::Patience());
  const base::Stopwatch watch;
  if (job.site->machine != Site::Machine::here &&
      !std::filesystem::exists("/run/libvirt/libvirt-sock")) {
    give_capabilities(job.capabilities);
    base::run_checked({.argv = {"libvirtd", "--daemon"}});
  }
  for (;;) {
    try {
      return guest::connect(guest::default_uri(), patience);
    } catch (const base::Error&) {
      base::throw_if_interrupted();
      if (watch.seconds() > 30) throw;
      base::sleep_interruptibly(0.2);
    }
  }
}

}  // namespace

void run_job(const Job& job, const base::Folders& folders, const trial::Sink& sink) {
  if (::geteuid() != 0)
    throw base::user_error("site 'here' swaps kernel modules, which only root may do",
                           "run it as root, or use --on svm");
  if (!job.seed.empty()) seed_random_numbers(job.seed);
  const base::RunFolder run(folders);
  kvm::ModuleSwap swap(folders.runtime);  // restores the stock modules at its end
  if (!job.seed.empty()) swap.adopt(job.modules);
  record::Conditions machine = machine_conditions(job);
  trial::TrialContext context{.run_id = run.id(),
                              .folder = run.path(),
                              .sockets = run.sockets(),
                              .own_clock = has_own_clock(job),
                              .thrown_away = job.thrown_away,
                              .verify_tracepoint = job.verify_tracepoint,
                              .sink = sink};
  guest::ConnectionPtr connection;
  for (const scenario::TrialPlan& plan : job.plans) {
    const record::Phase modules{record::Phase::Kind::modules, ""};
    const base::Stopwatch loading;
    sink({.trial = plan.name, .what = trial::PhaseBegun{modules, ""}});
    const kvm::Parameters parameters = module_parameters(plan.settings, kvm::machine_vendor());
    // The host's counts continue while the modules stay loaded, and each trial must begin at zero.
    if (counts_whole_host(parameters)) swap.restore();
    swap.load(job.modules, parameters);
    const double seconds = loading.seconds();
    const MachineSettings settings(plan.settings, folders.runtime);
    if (!connection) {
      connection = connect_patiently(job);
      machine.merge(software_conditions(connection.get()));
    }
    trial::LibvirtHost host(connection.get());
    context.host = &host;
    context.conditions = machine;
    context.conditions.merge(trial_conditions(plan, parameters, *job.site));
    record::Record record;
    {
      const base::StandingClock standing(has_own_clock(job));
      record = trial::run_trial(plan, job.images.at(image_key(plan)), context);
    }
    record.timings.insert(record.timings.begin(), {modules, seconds});
    sink({.trial = plan.name, .what = std::move(record)});
  }
  send_capabilities(job.capabilities, sink);
  if (job.thrown_away) return swap.keep();
  sink(trial::other_phase("stock modules"));
  swap.restore();
}

}  // namespace lab::inside
