// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/record/site.hpp"

namespace lab::lane {
namespace {

using scenario::TrialPlan;
using trial::Event;

// Leaves time to make images and modules first, then as much as for an outer VM.
double limit_for(const Work& work) {
  constexpr double making = 3600, outer_vm = 600, around = 60;  // seconds
  double seconds = outer_vm * work.time_scale;
  for (const TrialPlan& plan : work.plans)
    seconds += static_cast<double>(plan.timeouts.trial.count()) + around * work.time_scale;
  return making + seconds * record::find_site(work.site)->slowness;
}

}  // namespace

std::optional<std::string> Queue::notice(std::size_t waiting, std::size_t lanes, double longest) {
  if (waiting == 0 || longest < next_) return std::nullopt;
  const double said = next_;
  while (next_ <= longest) next_ *= 2;
  return fmt::format(
      "{} of {} lanes {} not begun for {:.0f} min or more: a queue may be full, or a command asks "
      "for something; --queue-limit MINUTES leaves such lanes out",
      waiting, lanes, waiting == 1 ? "has" : "have", said / 60);
}

Pool::Pool(std::vector<TrialPlan> plans, PoolOptions options, Question stop_early, Warn warn,
           trial::Sink sink)
    : options_(std::move(options)),
      shares_(std::move(plans)),
      stop_early_(std::move(stop_early)),
      warn_(std::move(warn)),
      sink_(std::move(sink)) {
  slots_.resize(std::min<std::size_t>(options_.lanes, shares_.size()));
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].number = unsigned(i) + 1;
}

Pool::~Pool() {
  end_lanes();
}

void Pool::run() {
  try {
    while (!done()) {
      base::throw_if_interrupted();
      for (Slot& slot : slots_) start(slot);
      for (Slot& slot : slots_) hand_out(slot);
      wait();
      look_at_the_queue();
      endings_.look();
    }
  } catch (const Fatal&) {
    std::rethrow_exception(fatal_);
  }
  end_lanes();
  losses_.throw_any(stop_early_() ? std::vector<std::string>() : shares_.names(),
                    std::ranges::all_of(slots_, &Slot::out));
}

bool Pool::done() const {
  if (std::ranges::any_of(slots_, [](const Slot& slot) { return slot.share.has_value(); }))
    return false;
  return shares_.empty() || stop_early_() || std::ranges::all_of(slots_, &Slot::out);
}

std::set<unsigned> Pool::lanes_left() const {
  std::set<unsigned> lanes;
  for (const Slot& slot : slots_)
    if (slot.peer && slot.peer->greeting()) lanes.insert(slot.number);
  return lanes;
}

void Pool::start(Slot& slot) {
  if (slot.peer || slot.out || shares_.empty() || stop_early_()) return;
  const double delay = options_.restart_delay * double(1u << slot.failures) / 2;
  if (slot.down && slot.down->seconds() < delay) return;
  try {
    slot.peer =
        std::make_unique<Peer>(options_.command(slot.number), options_.ours, options_.silence);
  } catch (const base::Error& error) {
    return lose_lane(slot, error);
  }
  pass_on(slot, trial::other_phase("waiting for a lane"));
}

void Pool::hand_out(Slot& slot) {
  if (!slot.peer || !slot.peer->greeting() || slot.peer->working() || stop_early_()) return;
  if (options_.prove) {
    const std::string& node = slot.peer->greeting()->node;
    switch (proof_.state(node)) {
      case NodeProof::State::unknown:
        if (shares_.empty()) return;
        proof_.begin(node);
        slot.proving = true;
        return give(slot, {known_trial()});
      case NodeProof::State::running:
        return;
      case NodeProof::State::different:
        return leave_out(slot, base::infrastructure_error("its node's known trial differs"));
      case NodeProof::State::known:
        break;
    }
  }
  slot.share = shares_.next(slot.number, lanes_left());
  if (slot.share) give(slot, slot.share->plans);
}

void Pool::give(Slot& slot, std::vector<TrialPlan> plans) {
  slot.trial.clear();
  slot.error.reset();
  Work work = options_.work;
  work.plans = std::move(plans);
  slot.peer->give(work, limit_for(work));
}

void Pool::wait() {
  std::vector<pollfd> fds;
  std::vector<Slot*> whose;
  for (Slot& slot : slots_) {
    if (slot.peer) slot.peer->add_to(fds);
    whose.resize(fds.size(), &slot);
  }
  constexpr int tick = 200;  // milliseconds
  if (::poll(fds.data(), fds.size(), tick) < 0) return;
  Slot* last = nullptr;
  for (std::size_t i = 0; i < fds.size(); ++i) {
    if (fds[i].revents == 0 || whose[i] == last) continue;
    last = whose[i];
    if (last->peer) step(*last);
  }
  // Lanes without data may be silent for too long.
  for (Slot& slot : slots_)
    if (slot.peer && slot.peer->overdue()) step(slot);
}

void Pool::step(Slot& slot) {
  try {
    slot.peer->step([&](const Event& event) { take(slot, event); });
  } catch (const Stopped&) {
    slot.share.reset();
    drop(slot);
  } catch (const Leaving& leaving) {
    leave_out(slot, leaving.why);
  } catch (const Refused& error) {
    lose_lane(slot, error, true);
  } catch (const base::Error& error) {
    lose_lane(slot, error);
  }
}

// Handles a lane whose process has ended or is no longer trusted.
void Pool::lose_lane(Slot& slot, const base::Error& error, bool for_good) {
  ++slot.failures;
  slot.down.emplace();
  if (slot.proving) {
    slot.proving = false;
    if (slot.peer && slot.peer->greeting()) proof_.forget(slot.peer->greeting()->node);
  }
  const std::string text = called(slot) + ": " + error.what();
  if (slot.share)
    fail_work(slot, error, true);
  else if (!for_good && slot.failures < max_failures)
    warn_(text);
  if (for_good || slot.failures >= max_failures)
    leave_out(slot, error);
  else
    drop(slot);
}

void Pool::fail_work(Slot& slot, const base::Error& error, bool again) {
  const std::string trial = slot.trial.empty() ? slot.share->plans.front().name : slot.trial;
  const std::vector<std::string> lost =
      shares_.give_back(std::move(*slot.share), trial, slot.number, again);
  slot.share.reset();
  const std::string text = called(slot) + ": " + error.what();
  if (lost.empty()) return warn_(text + "; " + trial + " is tried again");
  const base::Error why(error.kind(), text, error.hint());
  for (const std::string& name : lost) pass_on(slot, {.trial = name, .what = why});
  losses_.add(lost, why);
}

void Pool::leave_out(Slot& slot, const base::Error& why) {
  const std::string text = called(slot) + ": " + why.what();
  losses_.add_lane({why.kind(), text, why.hint()});
  warn_(text + "; it is left out");
  slot.out = true;
  drop(slot);
}

void Pool::drop(Slot& slot) {
  if (!slot.peer) return;
  slot.peer->end();
  endings_.add(std::move(slot.peer));
  pass_on(slot, {.what = trial::End()});
}

// Ends lanes that have not greeted directly: in a queue they do not notice their input's end.
void Pool::end_lanes() {
  for (Slot& slot : slots_) {
    if (!slot.peer) continue;
    if (!slot.peer->greeting()) slot.peer->end();
    endings_.add(std::move(slot.peer));
  }
  endings_.wait();
}

void Pool::look_at_the_queue() {
  std::size_t waiting = 0;
  double longest = 0;
  for (Slot& slot : slots_) {
    if (!slot.peer || slot.peer->greeting()) continue;
    if (const auto why = slot.peer->too_late(options_.queue_limit)) {
      leave_out(slot, *why);
      continue;
    }
    ++waiting;
    longest = std::max(longest, slot.peer->seconds());
  }
  if (const auto notice = queue_.notice(waiting, slots_.size(), longest)) warn_(*notice);
}

std::string Pool::called(const Slot& slot) const {
  const std::string name = "lane " + std::to_string(slot.number);
  if (!slot.peer || !slot.peer->greeting()) return name;
  return name + " on " + slot.peer->greeting()->node;
}

}  // namespace lab::lane
