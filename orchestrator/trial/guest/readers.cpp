// SPDX-License-Identifier: MIT
#include "orchestrator/trial/guest/readers.hpp"

#include <algorithm>

namespace lab::trial {

using Kind = ReaderMessage::Kind;

bool Readers::send(const std::string& request) {
  return std::ranges::all_of(guests_,
                             [&](const auto& guest) { return guest->session().send(request); });
}

bool Readers::await(Kind kind, Deadline deadline, const std::string& what, const Handler& handler) {
  const std::uint32_t id = kind == Kind::ready ? 0 : state_.next_id - 1;
  std::vector<bool> heard(guests_.size());
  const auto hear = [&](std::size_t i) {
    const auto message = heard[i] ? std::nullopt : guests_[i]->session().next_message();
    if (!message) return;
    heard[i] = true;
    if (message->kind == kind && message->id == id)
      handler(*guests_[i], *message);
    else if (kind == Kind::ready)
      guests_[i]->take_ready(*message);  // says what is wrong
    else
      guests_[i]->session().refuse(*message);
  };
  const auto all = [&] {
    for (std::size_t i = 0; i < guests_.size(); ++i) hear(i);
    return std::ranges::all_of(heard, std::identity());
  };
  return watch_.until(all, deadline, what) && !watch_.problem();
}

bool Readers::snapshot(Deadline deadline, const std::string& what, const Handler& handler) {
  return send(snapshot_request(state_.next_id++)) && await(Kind::snapshot, deadline, what, handler);
}

}  // namespace lab::trial
