// SPDX-License-Identifier: MIT
// Keeps lanes that were asked to end, while they still take down an outer VM.
#pragma once

#include <memory>
#include <vector>

#include "orchestrator/lane/pool/peer.hpp"

namespace lab::lane {

class Endings {
 public:
  ~Endings() { wait(); }

  void add(std::unique_ptr<Peer> peer) { peers_.push_back(std::move(peer)); }
  // Forgets the lanes that have ended; does not wait.
  void look();
  // Waits until the last lane has ended; each has a time limit (Peer::ending).
  void wait();

 private:
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace lab::lane
