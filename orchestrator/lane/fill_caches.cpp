// SPDX-License-Identifier: MIT
#include "orchestrator/lane/fill_caches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/lane/protocol/proof.hpp"
#include "orchestrator/lane/start.hpp"
#include "orchestrator/run/checks.hpp"

namespace lab::lane {
namespace {

// Leaves time to make the kernels, images and saved states of many cells.
constexpr double time_limit = 6 * 3600;  // seconds

}  // namespace

CacheFiller::CacheFiller(FillOptions options, trial::Sink sink,
                         std::function<void(const FilledNode&)> done)
    : options_(std::move(options)), sink_(std::move(sink)), done_(std::move(done)) {
  slots_.resize(options_.lanes);
  for (unsigned i = 0; i < options_.lanes; ++i) slots_[i].number = i + 1;
}

CacheFiller::~CacheFiller() {
  for (Slot& slot : slots_) end(slot);
  endings_.wait();
}

void CacheFiller::run() {
  for (Slot& slot : slots_) start(slot);
  while (std::ranges::any_of(slots_, [](const Slot& slot) { return slot.peer != nullptr; })) {
    base::throw_if_interrupted();
    for (Slot& slot : slots_) give(slot);
    wait();
    endings_.look();
  }
  endings_.wait();
}

void CacheFiller::start(Slot& slot) {
  try {
    slot.peer =
        std::make_unique<Peer>(options_.command(slot.number), options_.ours, options_.silence);
    trial::Event waiting = trial::other_phase("waiting for a lane");
    waiting.lane = slot.number;
    sink_(waiting);
  } catch (const base::Error& error) {
    finish(slot, error);
  }
}

void CacheFiller::give(Slot& slot) {
  if (!slot.peer || slot.given) return;
  if (!slot.peer->greeting()) {
    if (auto why = slot.peer->too_late(options_.queue_limit)) finish(slot, *why);
    return;
  }
  if (!nodes_.insert(slot.peer->greeting()->node).second) return end(slot);
  slot.given = true;
  slot.since.restart();
  slot.peer->give(options_.work, time_limit);
}

void CacheFiller::wait() {
  std::vector<pollfd> fds;
  for (const Slot& slot : slots_)
    if (slot.peer) slot.peer->add_to(fds);
  constexpr int tick = 200;  // milliseconds
  ::poll(fds.data(), fds.size(), tick);
  for (Slot& slot : slots_)
    if (slot.peer) step(slot);
}

void CacheFiller::step(Slot& slot) {
  bool over = false;
  try {
    slot.peer->step([&](const trial::Event& event) {
      over |= event.is<trial::End>();
      take(slot, event);
    });
  } catch (const base::Error& error) {
    return finish(slot, error);
  }
  if (over) finish(slot, slot.error);
}

void CacheFiller::take(Slot& slot, const trial::Event& event) {
  if (const auto* error = event.get<base::Error>()) slot.error = *error;
  if (!event.is<trial::PhaseBegun>()) return;
  trial::Event phase = event;
  phase.lane = slot.number;
  phase.node = slot.peer->greeting()->node;
  sink_(phase);
}

void CacheFiller::finish(Slot& slot, std::optional<base::Error> error) {
  std::string name = "lane " + std::to_string(slot.number);
  if (slot.peer && slot.peer->greeting()) name += " on " + slot.peer->greeting()->node;
  end(slot);
  done_({.lane = name, .seconds = slot.since.seconds(), .error = std::move(error)});
}

void CacheFiller::end(Slot& slot) {
  if (!slot.peer) return;
  slot.peer->end();
  endings_.add(std::move(slot.peer));
  sink_({.what = trial::End(), .lane = slot.number});
}

void fill_caches(const std::vector<scenario::TrialPlan>& asked, const run::RunOptions& options,
                 const Via& via, const trial::Sink& sink,
                 const std::function<void(const FilledNode&)>& done) {
  const record::Site& site = run::site_for(options.site, asked, sink);
  std::vector<scenario::TrialPlan> plans = run::decide_exact(asked, site);
  if (std::ranges::any_of(plans, [](const scenario::TrialPlan& plan) {
        return plan.settings.exact == scenario::Exact::always;
      }))
    plans.push_back(known_trial());
  const Starter starter(via, plans, site, options.at_once);
  CacheFiller({.lanes = options.at_once,
               .command = [&](unsigned lane) { return starter(lane); },
               .ours = this_lane(),
               .work = {.provide = true,
                        .site = std::string(site.name),
                        .time_scale = options.time_scale,
                        .plans = plans},
               .queue_limit = 60 * via.queue_limit},
              sink, done)
      .run();
}

}  // namespace lab::lane
