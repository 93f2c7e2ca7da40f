// SPDX-License-Identifier: MIT
// Lanes that have not begun: a scheduler may keep them in its queue for long, or for ever.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "orchestrator/base/error.hpp"

namespace lab::lane {

class Queue {
 public:
  // What a lane that has not begun after so many seconds is left out for; nullopt while it may
  // still wait. `limit` 0: for ever.
  static std::optional<base::Error> overdue(double waited, double limit);

  // What is to be said of `waiting` of `lanes` lanes, the longest for so many seconds: after a
  // minute, then after twice as long each time. nullopt where it is not time for it.
  std::optional<std::string> notice(std::size_t waiting, std::size_t lanes, double longest);

 private:
  double next_ = 60;  // seconds
};

}  // namespace lab::lane
