// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/doing.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <span>
#include <utility>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::terminal {
namespace {

constexpr std::size_t fewest_columns = 20;

// Is one piece of a line. The least important pieces are dropped until the rest fits, in its order.
struct Piece {
  std::string text;
  int importance = 0;
};

std::size_t length(const std::vector<Piece>& pieces) {
  std::size_t sum = 0;
  for (const Piece& piece : pieces) sum += report::width(piece.text);
  return sum;
}

std::string fitting(std::vector<Piece> pieces, std::size_t columns) {
  while (pieces.size() > 1 && length(pieces) > columns)
    pieces.erase(std::ranges::min_element(pieces, {}, &Piece::importance));
  std::string line;
  for (const Piece& piece : pieces) line += piece.text;
  return report::clip(line, columns);
}

// Narrow windows show only the name and the rate.
report::Columns top_columns(std::size_t columns) {
  const std::size_t name = std::min<std::size_t>(24, columns - 11);
  std::vector<report::Column> list = {{.least = name, .gap = 0, .most = name},
                                      {report::on_right, 11, 0}};
  if (columns >= 45) list.push_back({report::on_right, 7, 1});
  if (columns >= 62) list.push_back({report::on_right, 14, 1});
  if (columns >= 78) list.push_back({report::on_right, 15, 1});
  return report::Columns(std::move(list));
}

double per(std::uint64_t count, double seconds) {
  return seconds > 0 ? double(count) / seconds : 0;
}

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

std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string sparkline(std::span<const double> values) {
  static constexpr std::array levels = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.empty()) return "";
  const double most = *std::ranges::max_element(values);
  std::string line;
  for (const double value : values) {
    const double share = most > 0 ? std::max(0.0, value) / most : 0;
    line += levels[std::min(levels.size() - 1, std::size_t(share * double(levels.size())))];
  }
  return line;
}

std::vector<std::string> doing_lines(const Doing& doing, std::size_t columns) {
  std::vector<Piece> what = {{doing.where, 9}, {fmt::format(" {}", clock_text(doing.seconds)), 8}};
  if (doing.expected) what.push_back({fmt::format(" of ~{}", clock_text(*doing.expected)), 5});
  std::vector<Piece> counts;
  if (doing.exits)
    counts.push_back({"  " + base::counted(report::thousands(*doing.exits), "exit"), 9});
  if (!doing.rates.empty()) {
    counts.push_back({"  " + sparkline(doing.rates), 3});
    counts.push_back(
        {fmt::format(" {}/s", report::rate_text(std::max(0.0, doing.rates.back()))), 6});
  }
  if (!doing.leading.empty())
    counts.push_back({fmt::format("  {} {:.0f} %", doing.leading, 100 * doing.leading_share), 4});
  if (counts.empty()) return {fitting(std::move(what), columns)};
  std::vector<Piece> all = what;
  all.insert(all.end(), counts.begin(), counts.end());
  if (length(all) <= columns) return {fitting(std::move(all), columns)};
  return {fitting(std::move(what), columns), fitting(std::move(counts), columns)};
}

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

std::string top_table(const Top& top, std::size_t lines, std::size_t columns,
                      const report::Style& style) {
  columns = std::max(columns, fewest_columns);
  std::vector<TopReason> reasons = top.reasons;
  std::ranges::stable_sort(reasons, [](const TopReason& a, const TopReason& b) {
    return std::pair(a.new_exits, a.exits) > std::pair(b.new_exits, b.exits);
  });
  TopReason all{.name = "all"};
  for (const TopReason& reason : reasons) {
    all.exits += reason.exits;
    all.cycles += reason.cycles;
    all.new_exits += reason.new_exits;
    all.new_cycles += reason.new_cycles;
  }
  std::string text = report::ink(style, report::Ink::bold, report::clip(top.title, columns)) + "\n";
  const report::Columns table = top_columns(columns);
  const auto row = [&](std::initializer_list<std::string> cells) {
    return report::clip(table.line(cells), columns) + "\n";
  };
  text += report::ink(style, report::Ink::dim,
                      row({"reason", "exits/s", "%", top.emulated ? "emul. cycles" : "cycles/exit",
                           "exits so far"}));
  const auto add = [&](const TopReason& reason) {
    // Uses the cycles of the new exits where there were any, else of all exits.
    const bool lately = top.seconds && reason.new_exits > 0;
    const std::uint64_t exits = lately ? reason.new_exits : reason.exits,
                        cycles = lately ? reason.new_cycles : reason.cycles;
    text += row(
        {reason.name, top.seconds ? report::rate_text(per(reason.new_exits, *top.seconds)) : "-",
         top.seconds ? report::share(reason.new_exits, all.new_exits)
                     : report::share(reason.exits, all.exits),
         exits > 0 ? report::thousands(cycles / exits) : "-", report::thousands(reason.exits)});
  };
  add(all);
  const std::size_t room = lines > 4 ? lines - 4 : 1;
  for (const TopReason& reason : std::span(reasons).first(std::min(room, reasons.size())))
    add(reason);
  if (reasons.size() > room)
    text += report::clip(fmt::format("and {} more reasons", reasons.size() - room), columns) + "\n";
  return text;
}

std::string top_causes(const TopCauses& causes, std::size_t lines, std::size_t columns,
                       const report::Style& style) {
  columns = std::max(columns, fewest_columns);
  if (causes.leading.empty())
    return report::clip("no causes yet, or not counted: lab run SCENARIO --causes", columns) + "\n";
  std::vector<std::vector<std::string>> rows = {{"exits", "%", "reason", "cause"}};
  for (const TopCauses::Cause& cause : causes.leading)
    rows.push_back({report::thousands(cause.exits), report::share(cause.exits, causes.exits),
                    cause.name, cause.text});
  report::Columns table({{report::on_right, 9, 0}, {report::on_right, 6, 1}, {}, {}});
  for (const auto& row : rows) table.measure(row);
  std::string text;
  const std::size_t fit = std::clamp<std::size_t>(lines, 1, rows.size());
  for (const auto& row : std::span(rows).first(fit)) {
    const std::string line = report::clip(table.line(row), columns);
    text += (text.empty() ? report::ink(style, report::Ink::dim, line) : line) + "\n";
  }
  return text;
}

}  // namespace lab::terminal
