// SPDX-License-Identifier: MIT
#include "orchestrator/trial/self_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/trial/observe/exit_log.hpp"
#include "orchestrator/trial/observe/host_counts.hpp"

namespace lab::trial {
namespace {

constexpr std::uint32_t vmx_invalid_state = 33;

// Checks exit_scope=host: the last guest reads while the others are at rest.
void check_scope(TrialState& state, const Guests& guests, Watch& watch) {
  GuestRun& last = *guests.back();
  exits::Counts others;
  for (std::size_t i = 0; i + 1 < guests.size(); ++i)
    others = sum(others, exits::counts_now(guests[i]->counters().read()));
  const exits::Counts before = exits::counts_now(last.counters().read());
  if (!last.session().send(snapshot_request(state.next_id++))) return;
  std::optional<ReaderMessage> message;
  const auto answered = [&] {
    message = last.session().next_message();
    return message.has_value();
  };
  if (!watch.until(answered, state.deadline(state.plan.timeouts.step),
                   "the last guest did not read its counts at the end"))
    return;
  if (message->kind != ReaderMessage::Kind::snapshot) return last.session().refuse(*message);
  last.machine().pause();
  const exits::HostStats after = last.counters().read();
  state.add_check(check_scope_sum(exits::counts_at_latch(after), others, before,
                                  exits::counts_now(after), message->after->leaf_reads));
}

// Checks all causes since the guest was made.
void check_all_causes(TrialState& state, const GuestRun& guest, const exits::HostStats& stats) {
  if (state.plan.settings.causes == 0) return;
  state.add_check(exits::check_causes(guest.named("at rest: sum of causes = reasons"),
                                      counts_between(guest.created(), exits::counts_now(stats)),
                                      guest.counters().read_causes().now));
}

bool leaves_answer(const TrialState& state) {
  const auto found = state.plan.settings.parameters.find("exit_leaves");
  return found == state.plan.settings.parameters.end() || found->second == "on";
}

void check_traced(TrialState& state, const Guests& guests, const exits::HostStats& host,
                  const TracedExits& traced) {
  state.add_check(check_tracepoint(host, state.created, traced.reasons));
  if (state.plan.settings.causes == 0) return;
  if (!traced.details)
    return state.add_check({.name = "at rest: details of causes = tracepoints",
                            .ok = true,
                            .detail = "not compared: this kernel has no histograms of tracepoints "
                                      "(CONFIG_HIST_TRIGGERS)"});
  exits::CausedDetails caused{
      .vendor = host.vendor, .layout = host.layout, .leaves_answer = leaves_answer(state)};
  for (const auto& guest : guests) exits::add(caused.causes, guest->counters().read_causes().now);
  for (exits::Check& check : exits::check_details(caused, *traced.details))
    state.add_check(std::move(check));
}

void check_guest(TrialState& state, const GuestRun& guest, const exits::HostStats& stats) {
  state.add_check(exits::check_kvm_file(guest.named("at rest: total = KVM's exits file"), stats,
                                        guest.counters().read_kvm_exits()));
  state.add_check(
      exits::check_sum(guest.named("at rest: sum of reasons = total"), exits::counts_now(stats)));
  check_all_causes(state, guest, stats);
}

void check_logs(TrialState& state, const Guests& guests, const std::vector<exits::HostStats>& all,
                const kvm::KernelLog::Lines& lines) {
  const std::uint64_t every = exit_log_every(state.plan.settings.parameters);
  for (std::size_t i = 0; i < guests.size(); ++i) {
    exits::Check check = check_exit_log(lines, guests[i]->machine().pid, all[i], every);
    check.name = guests[i]->named(check.name);
    state.add_check(std::move(check));
  }
}

}  // namespace

void check_at_rest(TrialState& state, const Guests& guests, Watch& watch, const ExitTrace& trace,
                   const KernelLines& log) {
  state.begin({record::Phase::Kind::self_check, ""});
  const bool ended = guests.front()->session().ended();
  const bool whole_host = guests.front()->stats().scope == exits::Scope::host;
  for (std::size_t i = 0; !ended && i + 1 < guests.size(); ++i) guests[i]->machine().pause();
  if (whole_host && !ended && guests.size() > 1) check_scope(state, guests, watch);
  if (watch.problem()) return;
  if (!ended) guests.back()->machine().pause();
  std::vector<exits::HostStats> all;
  for (const auto& guest : guests) {
    all.push_back(guest->counters().read());
    check_guest(state, *guest, all.back());
  }
  if (log) check_logs(state, guests, all, log());
  const exits::HostStats host = together(all);
  if (trace) check_traced(state, guests, host, trace());
  // This sample ends the timeline: nothing is counted any more.
  if (state.plan.settings.samples != 0)
    state.sampler.take(state.since_start.seconds(), exits_by_number(exits::counts_now(host)));
  state.record.host = record::make_host(host);
  state.end_phase();
}

exits::Check check_scope_sum(const exits::Counts& latch, const exits::Counts& others,
                             const exits::Counts& own_before, const exits::Counts& own_after,
                             std::uint64_t readings) {
  const std::uint64_t own = latch.total - others.total;
  exits::Check check{
      .name = "at rest: scope host = sum of guests",
      .ok = own >= own_before.total + readings && own <= own_after.total,
      .left = latch.total,
      .right = others.total + own_after.total,
      .detail = fmt::format("what the last guest read; the other guests, at rest: {}, and its own: "
                            "at least {} before that and {} by reading, at most {} later",
                            others.total, own_before.total, readings, own_after.total)};
  const auto there = exits_by_number(others);
  const auto least = exits_by_number(own_before);
  const auto most = exits_by_number(own_after);
  const auto of = [](const auto& map, std::uint32_t number) {
    const auto found = map.find(number);
    return found == map.end() ? 0 : found->second;
  };
  ExitsByNumber read = exits_by_number(latch);
  for (const auto& map : {there, least})
    for (const auto& [number, exits] : map) read.try_emplace(number, 0);
  for (const auto& [number, exits] : read) {
    const std::uint64_t others_had = of(there, number);
    if (exits >= others_had + of(least, number) && exits <= others_had + of(most, number)) continue;
    check.ok = false;
    check.detail += fmt::format("; number {}: {} read, {} of the others, {} to {} its own", number,
                                exits, others_had, of(least, number), of(most, number));
  }
  return check;
}

exits::Check check_tracepoint(const exits::HostStats& all, const exits::Counts& created,
                              const std::map<std::uint32_t, std::uint64_t>& traced) {
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> sides;
  for (const exits::HostReason& reason : all.reasons) sides[reason.number].first = reason.exits;
  for (const exits::ReasonCount& preset : created.reasons)
    sides[preset.number].first -= preset.exits;
  for (const auto& [number, exits] : traced) sides[number].second = exits;
  // KVM does not enter a state that VMX refuses: it reports this reason itself and emulates (shadow
  // paging, as unrestricted guests need EPT). The tracepoint kvm_exit fires only after real
  // entries.
  std::uint64_t emulated = 0;
  if (const auto found = sides.find(vmx_invalid_state);
      all.vendor == exits::Vendor::vmx && found != sides.end()) {
    auto& [ours, theirs] = found->second;
    emulated = ours - std::min(ours, theirs);
    ours -= emulated;
  }
  std::string differences;
  std::uint64_t sum = 0;
  for (const auto& [number, side] : sides) {
    sum += side.second;
    if (side.first != side.second)
      differences += fmt::format(" {}: {} against {};", exits::reason_name(all.vendor, number),
                                 side.first, side.second);
  }
  std::string detail =
      differences.empty()
          ? base::counted(sides.size(), "reason") + " equal in a histogram of kvm:kvm_exit"
          : "lab against a histogram of kvm:kvm_exit:" + differences;
  if (emulated != 0)
    detail += fmt::format("; {} without an entry, which KVM emulated instead, are not traced",
                          base::counted(emulated, "exit"));
  return {.name = "at rest: every reason = tracepoint",
          .ok = differences.empty(),
          .left = all.total.exits - created.total - emulated,
          .right = sum,
          .detail = std::move(detail)};
}

}  // namespace lab::trial
