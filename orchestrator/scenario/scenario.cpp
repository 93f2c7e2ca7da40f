// SPDX-License-Identifier: MIT
#include "orchestrator/scenario/scenario.hpp"

#include <algorithm>

#include "orchestrator/scenario/words.hpp"

namespace lab::scenario {

std::string_view to_string(Console console) {
  return word(console);
}
std::string_view to_string(Paging paging) {
  return word(paging);
}
std::string_view to_string(BootUntil until) {
  return word(until);
}
std::string_view to_string(Machine machine) {
  return word(machine);
}
std::string_view to_string(DiskBus bus) {
  return word(bus);
}
std::string_view to_string(DiskCache cache) {
  return word(cache);
}
std::string_view to_string(Nic nic) {
  return word(nic);
}
std::string_view to_string(Network network) {
  return word(network);
}
std::string_view to_string(Clock clock) {
  return word(clock);
}
std::string_view to_string(Step::Kind kind) {
  return word(kind);
}
std::string_view to_string(HostAction::Kind kind) {
  return word(kind);
}

bool matches(const Cell& part, const Cell& cell) {
  return std::ranges::all_of(
      part, [&](const auto& pair) { return std::ranges::find(cell, pair) != cell.end(); });
}

bool is_key(std::string_view key) {
  static constexpr std::string_view function_keys[] = {"f1", "f2", "f3", "f4",  "f5",  "f6",
                                                       "f7", "f8", "f9", "f10", "f11", "f12"};
  if (key.size() == 1) return (key[0] >= 'a' && key[0] <= 'z') || (key[0] >= '0' && key[0] <= '9');
  return std::ranges::find(named_keys, key) != std::end(named_keys) ||
         std::ranges::find(function_keys, key) != std::end(function_keys);
}

}  // namespace lab::scenario
