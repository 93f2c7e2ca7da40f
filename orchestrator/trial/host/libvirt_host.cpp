// SPDX-License-Identifier: MIT
#include "orchestrator/trial/host/libvirt_host.hpp"

#include <atomic>
#include <memory>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/standing_clock.hpp"
#include "orchestrator/base/process/stop_check.hpp"
#include "orchestrator/guest/channel.hpp"
#include "orchestrator/guest/domain/domain.hpp"
#include "orchestrator/kvm/detail_tracepoints.hpp"
#include "orchestrator/kvm/host_counters.hpp"
#include "orchestrator/kvm/tracepoint.hpp"

namespace lab::trial {
namespace {

using scenario::HostAction;

class DomainMachine : public GuestMachine {
 public:
  DomainMachine(virConnect* connection, const guest::DomainSpec& spec) : domain_(connection, spec) {
    if (!domain_.pid())
      throw base::infrastructure_error("find the QEMU process of domain '" + domain_.name() + "'");
    pid = *domain_.pid();
    console = guest::connect_to_guest(spec.console_socket);
    reader = guest::connect_to_guest(spec.channels[0].socket);
  }

  void resume() override { domain_.resume(); }
  void pause() override { domain_.pause(); }
  bool running() const override {
    // In an outer VM this check would be counted, and a stop is seen from outside.
    if (guest::calls_have_limits()) stop_check_.check(pid);
    // The action's thread may hold the connection; this thread then waits for it, not in poll().
    std::optional<base::GoingClock> waiting;
    if (acts_) waiting.emplace();
    return domain_.running();
  }
  bool powered_off() const override { return domain_.powered_off(); }

  std::string memory_tree() override { return domain_.memory_tree(); }

  void perform(const HostAction& action, const std::filesystem::path& plug) override {
    acts_ = true;
    const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> until_done(
        &acts_, [](std::atomic<bool>* acts) { *acts = false; });
    act(action, plug);
  }

 private:
  void act(const HostAction& action, const std::filesystem::path& plug) {
    const bool disk = action.device == HostAction::Device::disk;
    switch (action.kind) {
      case HostAction::Kind::pause:
        return domain_.pause();
      case HostAction::Kind::pin:
        return domain_.pin(action.vcpu, action.cpus);
      case HostAction::Kind::balloon:
        return domain_.set_memory(action.memory >> 20);
      case HostAction::Kind::plug:
        return disk ? domain_.attach_disk(plug.string(), disk_format) : domain_.attach_nic();
      case HostAction::Kind::unplug:
        return disk ? domain_.detach_disk() : domain_.detach_nic();
      case HostAction::Kind::key:
        return domain_.press(action.keys);
      case HostAction::Kind::save_restore:
        return domain_.save_and_restore();
    }
  }

  guest::Domain domain_;
  std::atomic<bool> acts_ = false;
  mutable base::StopCheck stop_check_{"QEMU"};
};

class VmCounters : public GuestCounters {
 public:
  explicit VmCounters(pid_t pid) : counters_(kvm::VmCounters::find(pid)) {
    counters_.hold();  // a guest that ends leaves its counts
  }

  exits::HostStats read() const override { return counters_.read(); }
  std::string text() const override { return base::read_file(counters_.folder() / "exit_stats"); }
  std::uint64_t read_kvm_exits() const override { return counters_.read_kvm_exits(); }
  exits::HostCauses read_causes() const override { return counters_.read_causes(); }
  exits::HostCauses latch_causes() const override { return counters_.latch_causes(); }

 private:
  kvm::VmCounters counters_;
};

}  // namespace

std::unique_ptr<GuestMachine> LibvirtHost::make(const guest::DomainSpec& spec) {
  const base::SkippingClock waiting;
  return std::make_unique<DomainMachine>(connection_, spec);
}

std::unique_ptr<GuestCounters> LibvirtHost::open_counters(const GuestMachine& machine) {
  return std::make_unique<VmCounters>(machine.pid);
}

ExitTrace LibvirtHost::trace_exits(bool details) {
  std::shared_ptr<kvm::DetailTracepoints> detail_trace;
  if (details && kvm::DetailTracepoints::possible())
    detail_trace = std::make_shared<kvm::DetailTracepoints>();
  return [trace = std::make_shared<kvm::ExitTracepoint>(), detail_trace] {
    TracedExits traced{.reasons = trace->read(), .details = {}};
    if (detail_trace) traced.details = detail_trace->read();
    return traced;
  };
}

KernelLines LibvirtHost::follow_log() {
  return [log = std::make_shared<kvm::KernelLog>()] { return log->read(); };
}

}  // namespace lab::trial
