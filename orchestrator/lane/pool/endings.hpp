// SPDX-License-Identifier: MIT
// Lanes that were told to end, and have an outer VM to take down first.
#pragma once

#include <memory>
#include <vector>

#include "orchestrator/lane/pool/peer.hpp"

namespace lab::lane {

class Endings {
 public:
  ~Endings() { wait(); }

  void add(std::unique_ptr<Peer> peer) { peers_.push_back(std::move(peer)); }
  // Forgets those that have ended; does not wait.
  void look();
  // Until the last one has ended, which each does in time (Peer::ending).
  void wait();

 private:
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace lab::lane
