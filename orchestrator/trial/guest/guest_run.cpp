// SPDX-License-Identifier: MIT
#include "orchestrator/trial/guest/guest_run.hpp"

#include <fmt/format.h>
#include <signal.h>

#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/trial/observe/host_counts.hpp"

namespace lab::trial {
namespace {

std::uint64_t max_bytes(const scenario::TrialPlan& plan) {
  return std::max<std::uint64_t>(max_reader_bytes, 3 * max_reader_line * plan.steps.size());
}

}  // namespace

GuestRun::GuestRun(TrialState& state, unsigned number)
    : state_(state),
      number_(number),
      disks_(state.plan, state.image, state.context.folder, number),
      machine_(state.context.host->make(
          guest_spec(state.plan, state.image, state.context, disks_, number))),
      counters_(state.context.host->open_counters(*machine_)),
      causes_(*counters_, state.plan.settings.causes != 0),
      session_([this] { return machine_->running(); }, std::move(machine_->console),
               std::move(machine_->reader), max_bytes(state.plan),
               [this](Mark mark) {
                 if (number_ == 1 && mark != Mark::pattern)
                   state_.sampler.add_milestone(to_string(mark), state_.since_start.seconds());
               }) {
  const exits::HostStats stats = counters_->read();
  created_ = exits::counts_now(stats);
  vendor_ = stats.vendor;
  state_.record.conditions[std::string(record::condition::patch_version)] = stats.patch_version;
}

std::string GuestRun::named(const std::string& check) const {
  return number_ == 1 ? check : fmt::format("guest {}: {}", number_, check);
}

exits::HostStats GuestRun::stats() const {
  exits::HostStats stats = counters_->read();
  if (stats.scope == exits::Scope::host) stats.vcpus *= state_.plan.settings.guests;
  return stats;
}

void GuestRun::begin_step() {
  begin_ = state_.since_start.seconds();
}

void GuestRun::begin_step_by_host() {
  begin_step();
  by_host_ = exits::counts_now(read_consistently(*counters_));
  causes_.begin_by_host();
}

void GuestRun::begin_step(const exits::Snapshot& before) {
  begin_step();
  before_ = before;
  latched_ = exits::counts_at_latch(counters_->read());
  causes_.begin();
}

record::Step& GuestRun::end_step(const std::string& name, const exits::Snapshot& after) {
  return end_step(name, before_, after,
                  before_ ? GuestCauses::Since::beginning : GuestCauses::Since::creation);
}

record::Step& GuestRun::end_step(const std::string& name,
                                 const std::optional<exits::Snapshot>& before,
                                 const exits::Snapshot& after) {
  return end_step(name, before, after,
                  before ? GuestCauses::Since::mark : GuestCauses::Since::creation);
}

const exits::Counts& GuestRun::beginning(const exits::HostStats& stats) const {
  return stats.scope == exits::Scope::host ? state_.created : created_;
}

// The reader has just read T for the last time, so the kernel's latch is from that very exit.
record::Step& GuestRun::end_step(const std::string& name,
                                 const std::optional<exits::Snapshot>& before,
                                 const exits::Snapshot& after, GuestCauses::Since since) {
  const double seconds = state_.since_start.seconds() - begin_;
  const exits::HostStats host = stats();
  const exits::Counts latch = exits::counts_at_latch(host);
  const exits::StepCounts counts =
      exits::step_counts(before, after, {before && latched_ ? *latched_ : beginning(host), latch});
  latched_ = latch;
  state_.add_check(exits::check_sum(named(name + ": sum of reasons = total"), counts));
  state_.add_check(exits::check_guest_host(named(name + ": guest = host"), before, after, host));
  state_.add_check(exits::check_kvm_statistic(named(name + ": total = KVM's own"), host));
  add_check(causes_.end(name, since, counts, named(name + ": sum of causes = reasons")));
  return add_step(record::make_step(name, vendor_, counts), seconds);
}

record::Step& GuestRun::end_step_by_host(const std::string& name) {
  const double seconds = state_.since_start.seconds() - begin_;
  const exits::HostStats host = read_consistently(*counters_);
  exits::StepCounts counts = counts_between(by_host_, exits::counts_now(host));
  add_check(causes_.end_by_host(name, counts, named(name + ": sum of causes = reasons")));
  state_.add_check(exits::check_sum(named(name + ": sum of reasons = total"), counts));
  record::Step step = record::make_step(name, vendor_, counts);
  step.view = record::View::host;
  step.reader_exits.reset();  // no reader took part
  step.clean.reset();
  return add_step(std::move(step), seconds);
}

void GuestRun::add_check(std::optional<exits::Check> check) {
  if (check) state_.add_check(*std::move(check));
}

record::Step& GuestRun::add_step(record::Step step, double seconds) {
  step.guest = number_;
  step.begin = begin_;
  step.seconds = seconds;
  state_.record.steps.push_back(std::move(step));
  return state_.record.steps.back();
}

bool GuestRun::take_ready(const ReaderMessage& message) {
  if (message.kind != ReaderMessage::Kind::ready ||
      exits::parse_vendor(message.vendor) != vendor_) {
    session_.fail(record::Outcome::failed,
                  "the guest's reader began with something else than ready");
    return false;
  }
  state_.record.conditions[std::string(record::condition::guest_kernel)] = message.kernel;
  reader_protocol_ = message.protocol;
  if (number_ == 1) state_.sampler.add_milestone("reader", state_.since_start.seconds());
  const std::string_view layout = exits::to_string(state_.plan.settings.layout);
  state_.add_check({.name = named("layout"),
                    .ok = message.layout == layout,
                    .detail = fmt::format("the guest found '{}', the modules were loaded with '{}'",
                                          message.layout, layout)});
  return true;
}

void GuestRun::end_by_power_off(const std::string& name) {
  if (!machine_->powered_off())
    session_.fail(record::Outcome::guest_failed,
                  "the guest ended otherwise than by powering off, as it was asked to");
  for (int i = 0; i < 200 && ::kill(machine_->pid, 0) == 0; ++i) base::sleep_interruptibly(0.05);
  end_step_by_host(name);
}

}  // namespace lab::trial
