// SPDX-License-Identifier: MIT
// Watches lanes that have not begun: a scheduler may keep them in its queue for long, or for ever.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "orchestrator/base/error.hpp"

namespace lab::lane {

class Queue {
 public:
  // Returns the error for which a lane is left out that has not begun after `waited` seconds;
  // nullopt while it may still wait. `limit` 0: it may wait for ever.
  static std::optional<base::Error> overdue(double waited, double limit);

  // Returns a text for the user when `waiting` of `lanes` lanes still wait, one for `longest`
  // seconds: after a minute, then after twice as long each time. nullopt where no text is due.
  std::optional<std::string> notice(std::size_t waiting, std::size_t lanes, double longest);

 private:
  double next_ = 60;  // seconds
};

}  // namespace lab::lane
