// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/endings.hpp"

#include <unistd.h>

namespace lab::lane {

void Endings::look() {
  std::erase_if(peers_, [](const auto& peer) { return peer->ending(); });
}

void Endings::wait() {
  while (!peers_.empty()) {
    look();
    if (!peers_.empty()) ::usleep(20'000);
  }
}

}  // namespace lab::lane
