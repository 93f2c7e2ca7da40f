// SPDX-License-Identifier: MIT
// Handles the lanes' events one by one: this half of Pool trusts none of them.
#include <algorithm>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/lane/pool/pool.hpp"

namespace lab::lane {

using scenario::TrialPlan;
using trial::Event;

void Pool::take(Slot& slot, const Event& event) {
  if (const auto* error = event.get<base::Error>()) {
    if (error->kind() == base::ErrorKind::user) {
      fatal_ = std::make_exception_ptr(
          base::Error(error->kind(), called(slot) + ": " + error->what(), error->hint()));
      throw Fatal();
    }
    slot.error = *error;
  } else if (event.is<trial::End>()) {
    take_end(slot);
  } else if (slot.proving) {
    take_known_trial(slot, event);
  } else {
    take_trial(slot, event);
  }
}

void Pool::take_known_trial(Slot& slot, const Event& event) {
  if (event.is<trial::PhaseBegun>()) return pass_on(slot, event);
  const auto* record = event.get<record::Record>();
  if (record == nullptr) return;
  const std::string node = slot.peer->greeting()->node;
  const std::string found = proof_.judge(node, *record);
  if (!found.empty()) warn_("the known trial: " + found + "; node " + node + " is left out");
}

void Pool::take_trial(Slot& slot, Event event) {
  if (!event.is<trial::PhaseBegun>() && !event.is<trial::Sample>() && !event.is<record::Record>())
    return;
  if (!event.trial.empty()) {
    if (std::ranges::find(slot.share->plans, event.trial, &TrialPlan::name) ==
        slot.share->plans.end())
      throw base::infrastructure_error("it reports of '" + event.trial.substr(0, 200) +
                                       "', which it was not given or has done");
    if (event.trial != slot.trial && stop_early_()) throw Stopped();
    slot.trial = event.trial;
  }
  if (event.is<record::Record>()) return take_record(slot, std::move(event));
  pass_on(slot, std::move(event));
}

void Pool::take_record(Slot& slot, Event event) {
  auto& record = std::get<record::Record>(event.what);
  const auto plan = std::ranges::find(slot.share->plans, event.trial, &TrialPlan::name);
  if (plan == slot.share->plans.end() || record.trial != event.trial ||
      record.scenario != plan->scenario || record.site != options_.work.site)
    throw base::infrastructure_error("it sent a record of another trial");
  record.conditions[std::string(record::condition::node)] = slot.peer->greeting()->node;
  const bool warmup = plan->warmup;
  pass_on(slot, std::move(event));
  slot.failures = 0;
  slot.trial.clear();
  // A warm-up stays in front of the trials behind it, which need it wherever they run.
  if (!warmup) slot.share->plans.erase(plan);
}

void Pool::take_end(Slot& slot) {
  if (slot.proving) {
    slot.proving = false;
    const std::string node = slot.peer->greeting()->node;
    if (proof_.state(node) != NodeProof::State::running) return;
    proof_.forget(node);
    throw slot.error ? *slot.error : base::infrastructure_error("it has no known trial's record");
  }
  const bool whole = std::ranges::all_of(slot.share->plans, &TrialPlan::warmup);
  if (whole) {
    slot.share.reset();
    if (shares_.empty()) pass_on(slot, {.what = trial::End()});
    return;
  }
  const base::Error error =
      slot.error ? *slot.error : base::infrastructure_error("its work ended without a record");
  ++slot.failures;
  fail_work(slot, error, error.kind() != base::ErrorKind::timed_out);
  if (slot.failures >= max_failures) throw Leaving{error};
}

void Pool::pass_on(Slot& slot, Event event) {
  event.lane = slot.number;
  if (slot.peer && slot.peer->greeting()) event.node = slot.peer->greeting()->node;
  try {
    sink_(event);
  } catch (...) {
    fatal_ = std::current_exception();
    throw Fatal();
  }
}

}  // namespace lab::lane
