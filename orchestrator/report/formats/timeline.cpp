// SPDX-License-Identifier: MIT
// Summarizes a timeline for the terminal.
#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/record/rates.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Record;
using record::Stretch;

constexpr std::size_t bursts_shown = 3, reasons_shown = 5, longest_name = 36;

std::vector<std::string> make_row(const Stretch& part) {
  return {printable(part.name), fmt::format("{:.1f}", part.seconds()), exits_text(part.exits),
          rate_text(part.rate()), part.variation ? fmt::format("{:.2f}", *part.variation) : "-"};
}

std::string rows_text(const std::vector<Stretch>& parts, const Style& style) {
  std::vector<std::vector<std::string>> rows = {
      {"part", "seconds", "exits", "exits/s", "variation"}};
  for (const Stretch& part : parts) rows.push_back(make_row(part));
  Columns columns({{.most = longest_name}, {on_right}, {on_right}, {on_right}, {on_right}});
  for (const auto& row : rows) columns.measure(row);
  std::string text = ink(style, Ink::dim, columns.line(rows.front())) + "\n";
  for (const auto& row : std::span(rows).subspan(1)) text += columns.line(row) + "\n";
  return text;
}

std::string burst_text(const Record& record, const record::Burst& burst) {
  const std::string place = place_at(record, (burst.begin + burst.end) / 2);
  std::string text = fmt::format("{:.1f} s{}: {}: ", burst.begin,
                                 place.empty() ? "" : " (" + printable(place) + ")",
                                 base::counted(rate_text(burst.exits), "exit"));
  for (std::size_t i = 0; i < std::min(reasons_shown, burst.reasons.size()); ++i)
    text += fmt::format("{}{} {}%", i ? ", " : "", reason_name(record, burst.reasons[i].first),
                        share(burst.reasons[i].second, burst.exits));
  return wrap(text, 4, terminal_columns);
}

std::string title_line(const Record& record, const Style& style) {
  const record::Timeline& timeline = *record.timeline;
  const std::string guests = record::find_condition(record.conditions, record::condition::guests);
  return fmt::format("\n{}: {} in {:.1f} s{}\n", ink(style, Ink::bold, "timeline"),
                     base::counted(thousands(timeline.samples.size()), "sample"),
                     timeline.samples.back().seconds,
                     guests.empty() || guests == "1" ? "" : ", all guests together");
}

}  // namespace

std::string variation_meaning(double window) {
  return fmt::format(
      "variation: coefficient of variation of exits a second (standard deviation / mean, over "
      "windows of {:.3g} s): 0 is a steady rate, 1 and more comes in bursts",
      window);
}

std::string place_at(const Record& record, double second) {
  const auto at = [&](const std::vector<Stretch>& parts) {
    const auto found = std::ranges::find_if(
        parts, [&](const Stretch& part) { return part.begin <= second && second < part.end; });
    return found == parts.end() ? std::string() : found->name;
  };
  if (!record.timeline) return "";
  const std::string phase = at(record::phases(*record.timeline));
  return phase.empty() ? at(record::step_stretches(record)) : phase;
}

std::string timeline_text(const Record& record, const Style& style) {
  if (!has_samples(record)) return "";
  std::vector<Stretch> parts = record::phases(*record.timeline);
  std::ranges::move(record::step_stretches(record), std::back_inserter(parts));
  std::string text = title_line(record, style);
  const double window = record::rate_window(*record.timeline);
  if (!parts.empty()) {
    text += rows_text(parts, style);
    text += wrap(variation_meaning(window), 2, terminal_columns);
  }
  const auto bursts = record::busiest(*record.timeline, bursts_shown);
  if (!bursts.empty()) text += fmt::format("  busiest moments, {:.3g} s from\n", window);
  for (const record::Burst& burst : bursts) text += burst_text(record, burst);
  return text;
}

}  // namespace lab::report
