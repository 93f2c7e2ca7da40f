// SPDX-License-Identifier: MIT
// Writes the table for the terminal.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using record::Outcome;
using record::Record;

constexpr std::size_t output_lines = 10, console_lines = 40;

Ink outcome_ink(Outcome outcome) {
  if (outcome == Outcome::passed) return Ink::green;
  return outcome == Outcome::incomplete ? Ink::yellow : Ink::red;
}

// Joins the known "word value" pieces by commas.
class Brief {
 public:
  explicit Brief(const Record& record) : record_(record) {}
  void add(std::string_view key, std::string_view before = "", std::string_view after = "") {
    const std::string value = printable(record::find_condition(record_.conditions, key));
    if (value.empty()) return;
    text_ += fmt::format("{}{}{}{}", text_.empty() ? "" : ", ", before, value, after);
  }
  std::string lines() const { return wrap(text_, 2, terminal_columns); }

 private:
  const Record& record_;
  std::string text_;
};

// Returns what a reader must know about the site's counts.
std::string_view kind_of_counts(const Record& record) {
  if (!record::is_emulated(record.conditions)) return "";
  return record::is_deterministic(record.conditions)
             ? " (emulated, exact)"
             : " (emulated; its counts come with this machine's speed)";
}

std::string conditions_in_brief(const Record& record) {
  namespace c = record::condition;
  const auto get = [&](std::string_view key) {
    return record::find_condition(record.conditions, key);
  };
  Brief outer(record), guest(record);
  outer.add(c::site, "site ", kind_of_counts(record));
  outer.add(get(c::cpu_model).empty() ? c::vendor : c::cpu_model);
  outer.add(c::outer_kernel, "outer kernel ");
  outer.add(c::patch_version, "patch ");
  guest.add(c::image, "image ");
  const bool own_kernel = !get(c::guest_kernel_file).empty();
  guest.add(c::guest_kernel, "kernel ", own_kernel ? " (your own)" : "");
  if (get(c::guests) != "1") guest.add(c::guests, "", " guests");
  guest.add(c::vcpus, "", get(c::vcpus) == "1" ? " vCPU" : " vCPUs");
  guest.add(c::memory);
  guest.add(c::paging, "", " paging");
  guest.add(c::layout, "", " layout");
  guest.add(c::console, "console ");
  return outer.lines() + guest.lines();
}

std::string heading(const Record& record, const Style& style) {
  const std::string outcome(to_string(record.outcome));
  return fmt::format("{}  {}  {}\n", ink(style, Ink::bold, printable(record.trial)),
                     ink(style, outcome_ink(record.outcome), outcome), printable(record.id)) +
         conditions_in_brief(record);
}

using Cells = std::vector<std::string>;

Cells reason_row(const record::Reason& reason, std::uint64_t total) {
  const std::optional<std::uint64_t> per_exit =
      reason.cycles && reason.exits ? std::optional(*reason.cycles / reason.exits) : std::nullopt;
  return {std::to_string(reason.number), fmt::format("{:#x}", reason.number),
          printable(reason.name),        thousands(reason.exits),
          share(reason.exits, total),    thousands_or_dash(reason.cycles),
          thousands_or_dash(per_exit)};
}

// Returns the columns of the table by reason: number, the same in hexadecimal, name, exits, share,
// cycles, cycles/exit. Names are cut where the table is too wide for the terminal.
Columns reason_columns(const std::vector<Cells>& rows) {
  constexpr std::size_t name_column = 2, shortest_name = 8, mark_columns = 2;
  Columns columns(
      {{on_right, 0, 0}, {.gap = 1}, {}, {on_right}, {on_right}, {on_right}, {on_right}});
  for (const Cells& row : rows) columns.measure(row);
  columns.fit(name_column, shortest_name, terminal_columns - mark_columns);
  return columns;
}

// Marks both ends of the table: all reasons as frequent as the first or the last one.
const char* rank_mark(const record::Reason& reason, const std::vector<record::Reason>& sorted) {
  if (sorted.front().exits == sorted.back().exits) return "  ";
  if (reason.exits == sorted.front().exits) return "▲ ";
  return reason.exits == sorted.back().exits ? "▼ " : "  ";
}

std::string reasons_table(const record::Step& step, bool emulated, const Style& style) {
  std::vector<record::Reason> sorted = step.reasons;
  std::ranges::stable_sort(sorted, std::greater(), &record::Reason::exits);
  std::vector<Cells> rows = {{"no.", "", "name", "exits", "%", "cycles", "cycles/exit"}};
  if (emulated) rows.push_back({"", "", "", "", "", "(emulated)", "(emulated)"});
  const std::size_t headings = rows.size();
  for (const auto& reason : sorted) rows.push_back(reason_row(reason, step.exits.value_or(0)));
  const Columns columns = reason_columns(rows);
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string line = columns.line(rows[i]);
    if (i < headings) {
      text += "  " + ink(style, Ink::dim, line) + "\n";
      continue;
    }
    const record::Reason& reason = sorted[i - headings];
    text += ink(style, Ink::yellow, rank_mark(reason, sorted)) + line + "\n";
    for (const std::string& cause : cause_lines(step, reason)) text += cause + "\n";
  }
  if (record::has_causes(step))
    text += "  " +
            ink(style, Ink::dim, "indented: leading causes, % of their reason (all: lab causes)") +
            "\n";
  return text + "  " + ink(style, Ink::dim, "▲ most frequent  ▼ least frequent") + "\n";
}

// Returns the last lines of a guest's text, each behind a bar.
std::string quote(const std::string& title, const std::string& text, std::size_t limit) {
  const std::string clean = printable(text, true);
  const auto lines = base::split(base::trimmed_end(clean), '\n');
  const std::size_t skipped = lines.size() - std::min(limit, lines.size());
  std::string result = fmt::format("  {}\n", title);
  if (skipped) result += fmt::format("  | ({} more above)\n", skipped);
  for (std::size_t i = skipped; i < lines.size(); ++i) {
    result += lines[i].empty() ? "  |\n" : fmt::format("  | {}\n", lines[i]);
  }
  return result;
}

// Returns the exits by category, most first, in the words that scenarios use.
std::string categories_text(const record::Step& step) {
  std::map<std::string, std::uint64_t> sums;
  for (const record::Reason& reason : step.reasons) sums[reason.category] += reason.exits;
  std::vector<std::pair<std::string, std::uint64_t>> sorted(sums.begin(), sums.end());
  std::ranges::stable_sort(sorted, std::greater(), &std::pair<std::string, std::uint64_t>::second);
  std::string text = "by category:";
  for (const auto& [category, exits] : sorted)
    text += fmt::format("{} {} {} ({}%)", text.ends_with(':') ? "" : ",", printable(category),
                        thousands(exits), share(exits, step.exits.value_or(0)));
  return wrap(text, 2, terminal_columns);
}

std::string step_name(const record::Step& step) {
  return fmt::format("{}{}", step.guest > 1 ? fmt::format("guest {}: ", step.guest) : "",
                     printable(step.name));
}

// Returns how long a step took, and who counted it where that was not the guest.
std::string step_time(const record::Step& step) {
  std::string text = step.view == record::View::host ? "counted by the host" : "";
  if (step.seconds) {
    text += fmt::format("{}in {:.1f} s", text.empty() ? "" : ", ", *step.seconds);
    if (step.exits && *step.seconds > 0)
      text += fmt::format(": {} a second",
                          base::counted(rate_text(double(*step.exits) / *step.seconds), "exit"));
  }
  return text.empty() ? "" : "  " + text + "\n";
}

std::string step_text(const record::Step& step, bool emulated, const Style& style) {
  std::string text = fmt::format("\n{}: ", ink(style, Ink::bold, step_name(step)));
  if (!step.exits) {
    text += "no counts\n";
  } else {
    text += ink(style, Ink::bold, thousands(*step.exits) + " exits");
    if (step.cycles) {
      text += fmt::format(", {} cycles{}", thousands(*step.cycles), emulated ? " (emulated)" : "");
    }
    text += "\n";
  }
  text += step_time(step);
  if (step.reader_exits) {
    text +=
        fmt::format("  of them {}{} CPUID exits by reading the counts\n",
                    step.reader_exits_complete ? "" : "at least ", thousands(*step.reader_exits));
  }
  if (!step.reasons.empty()) text += reasons_table(step, emulated, style) + categories_text(step);
  if (step.exit_code.value_or(0) != 0) {
    text +=
        fmt::format("  {}\n", ink(style, Ink::red, fmt::format("exit code {}", *step.exit_code)));
  }
  if (!step.output.empty()) text += quote("output", step.output, output_lines);
  return text;
}

// Returns a check. The detail of its two sides is shown only where it failed, a note always.
std::string check_text(const exits::Check& check, const Style& style) {
  const std::string sign = check.ok ? ink(style, Ink::green, "✓") : ink(style, Ink::red, "✗");
  std::string text = fmt::format("  {} {}", sign, printable(check.name));
  if (check.left || check.right)
    text += fmt::format(": {} | {}", thousands_or_dash(check.left), thousands_or_dash(check.right));
  text += "\n";
  if (!check.ok && !check.detail.empty())
    text += wrap(printable(check.detail), 6, terminal_columns);
  if (!check.note.empty()) text += wrap(printable(check.note), 6, terminal_columns);
  return text;
}

std::string checks_text(const Record& record, const Style& style) {
  if (record.checks.empty()) return "";
  std::string text = fmt::format("\n{}\n", ink(style, Ink::bold, "checks"));
  for (const exits::Check& check : record.checks) text += check_text(check, style);
  return text;
}

// Returns the counts that only the host can see.
std::string host_text(const Record& record, const Style& style) {
  if (!record.host) return "";
  const exits::HostCounts& total = record.host->total;
  const bool emulated = record::is_emulated(record.conditions);
  const std::string line = fmt::format(
      "{}, of them {} by the fastpath and {} of nested guests; {} failed {}; {} cycles "
      "handled, {} to the next entry{}",
      base::counted(thousands(total.exits), "exit"), thousands(total.fastpath),
      thousands(total.nested), thousands(record.host->failed_entries),
      record.host->failed_entries == 1 ? "entry" : "entries", thousands(total.cycles),
      thousands(total.to_entry), emulated ? " (emulated)" : "");
  return fmt::format("\n{}\n{}", ink(style, Ink::bold, "host, whole trial"),
                     wrap(line, 2, terminal_columns));
}

std::string timings_text(const Record& record, const Style& style) {
  if (record.timings.empty()) return "";
  std::string line;
  for (const auto& [phase, seconds] : record.timings) {
    line += fmt::format("{}{} {:.1f} s", line.empty() ? "" : ", ",
                        printable(record::timing_key(phase)), seconds);
  }
  return fmt::format("\n{}\n{}", ink(style, Ink::bold, "time"), wrap(line, 2, terminal_columns));
}

Cells list_row(const record::Row& row, const Style& style) {
  return {printable(row.id), printable(row.site),
          ink(style, outcome_ink(row.outcome), std::string(to_string(row.outcome))),
          thousands_or_dash(row.exits), printable(row.trial)};
}

}  // namespace

std::string table(const Record& record, const Style& style) {
  std::string text = heading(record, style);
  if (!record.message.empty()) {
    text += fmt::format("\n{}", wrap(printable(record.message), 0, terminal_columns));
  }
  const bool emulated = record::is_emulated(record.conditions);
  for (const record::Step& step : record.steps) text += step_text(step, emulated, style);
  text += timeline_text(record, style) + checks_text(record, style) + host_text(record, style) +
          timings_text(record, style);
  if (record.outcome != Outcome::passed && !record.console_tail.empty()) {
    text += fmt::format("\n{}", quote("console, its end", record.console_tail, console_lines));
  }
  return text;
}

std::string table(std::span<const Record> records, const Style& style) {
  std::string text;
  for (const Record& record : records) text += table(record, style) + "\n";
  if (records.size() == 1) return text;
  return text + fmt::format("{}: {}\n", base::counted(records.size(), "trial"),
                            records.empty() ? "none" : outcomes_text(records));
}

std::string relation_text(const record::RelationResult& relation) {
  const auto side = [](const std::optional<double>& value) {
    return value ? rate_text(*value) : std::string("-");
  };
  return fmt::format("{}: {} | {}{}; {}{}", printable(relation.text), side(relation.left),
                     side(relation.right),
                     relation.ratio ? fmt::format(", ratio {:.3g}", *relation.ratio) : "",
                     printable(relation.detail), relation.ok ? "" : "; not enough data to judge");
}

std::string relations(std::span<const record::RelationResult> relations, const Style& style) {
  if (relations.empty()) return "";
  std::string text = fmt::format("{}\n", ink(style, Ink::bold, "relations"));
  for (const record::RelationResult& relation : relations) {
    const std::string sign = !relation.ok   ? ink(style, Ink::yellow, "?")
                             : *relation.ok ? ink(style, Ink::green, "✓")
                                            : ink(style, Ink::red, "✗");
    text +=
        fmt::format("  {} {}", sign, wrap(relation_text(relation), 4, terminal_columns).substr(4));
  }
  return text;
}

std::string list(std::span<const record::Row> rows, const Style& style) {
  const Cells headings{"id", "site", "outcome", "exits", "trial"};
  Columns columns({{.gap = 0}, {}, {}, {on_right}, {}});
  columns.measure(headings);
  // A list may have a hundred thousand lines, so their cells are made twice rather than kept.
  for (const record::Row& row : rows) columns.measure(list_row(row, style));
  std::string text = columns.line(headings) + "\n";
  for (const record::Row& row : rows) text += columns.line(list_row(row, style)) + "\n";
  return text;
}

}  // namespace lab::report
