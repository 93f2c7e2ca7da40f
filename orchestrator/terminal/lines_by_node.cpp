// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/lines_by_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::terminal {
namespace {

using Phases = std::map<std::string, std::size_t>;  // lanes by phase

// Returns "3 lanes: boot 2, start 1", most lanes first.
std::string in_words(const Phases& phases) {
  std::vector<std::pair<std::size_t, std::string>> most;
  std::size_t all = 0;
  for (const auto& [phase, lanes] : phases) {
    most.emplace_back(lanes, phase);
    all += lanes;
  }
  std::ranges::stable_sort(most, std::greater(), &std::pair<std::size_t, std::string>::first);
  std::string text = base::counted(all, "lane");
  for (std::size_t i = 0; i < most.size(); ++i)
    text += fmt::format("{}{} {}", i == 0 ? ": " : ", ", report::printable(most[i].second),
                        most[i].first);
  return text;
}

}  // namespace

std::vector<std::string> lines_by_node(std::span<const LaneState> lanes, std::size_t lines,
                                       std::size_t columns) {
  Phases all;
  std::map<std::string, Phases> nodes;
  for (const LaneState& lane : lanes) {
    ++all[lane.phase];
    if (!lane.node.empty()) ++nodes[lane.node][lane.phase];
  }
  std::vector<std::string> text{in_words(all)};
  const bool fit = nodes.size() + 1 <= lines;
  const std::size_t room = lines - std::min<std::size_t>(lines, fit ? 1 : 2);
  for (const auto& [node, phases] : nodes) {
    if (text.size() > room) break;
    text.push_back(report::printable(node) + ": " + in_words(phases));
  }
  const std::size_t left = nodes.size() + 1 - text.size();
  if (left > 0 && text.size() < lines) text.push_back(base::counted(left, "machine") + " more");
  for (std::string& line : text) line = report::clip(line, columns);
  return text;
}

}  // namespace lab::terminal
