// SPDX-License-Identifier: MIT
#include "orchestrator/lane/pool/queue.hpp"

#include <fmt/format.h>

namespace lab::lane {

std::optional<base::Error> Queue::overdue(double waited, double limit) {
  if (limit <= 0 || waited <= limit) return std::nullopt;
  return base::infrastructure_error(fmt::format("it has not begun within {:.0f} s", limit));
}

std::optional<std::string> Queue::notice(std::size_t waiting, std::size_t lanes, double longest) {
  if (waiting == 0 || longest < next_) return std::nullopt;
  const double said = next_;
  while (next_ <= longest) next_ *= 2;
  return fmt::format(
      "{} of {} lanes {} not begun for {:.0f} min or more: a queue may be full, or a command asks "
      "for something; --queue-limit MINUTES leaves such lanes out",
      waiting, lanes, waiting == 1 ? "has" : "have", said / 60);
}

}  // namespace lab::lane
