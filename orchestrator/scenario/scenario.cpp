// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

std::string_view to_string(Console console) {
  switch (console) {
    case Console::quiet:
      return "quiet";
    case Console::verbose:
      return "verbose";
    case Console::none:
      return "none";
  }
  return "quiet";
}

std::string_view to_string(Paging paging) {
  return paging == Paging::nested ? "nested" : "shadow";
}

std::string_view to_string(BootUntil until) {
  return until == BootUntil::multi_user ? "multi-user" : "reader";
}

}  // namespace lab::scenario
