// SPDX-License-Identifier: MIT
#include "orchestrator/report/comparison/mail.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::CellJudgement;
using check::Finding;
using check::Row;

constexpr std::size_t name_width = 32, label_width = 8;

std::string table_line(const std::string& name, const std::string& before, const std::string& after,
                       const std::string& change, bool starred) {
  static const Columns columns({{.least = name_width, .gap = 0, .most = name_width},
                                {on_right, 12, 1},
                                {on_right, 12, 1},
                                {on_right, 11, 1},
                                {.gap = 1}});
  return columns.line({name, before, after, change, starred ? "*" : ""}) + "\n";
}

std::string row_name(const Row& row) {
  const std::string step =
      row.guest > 1 ? fmt::format("{} (guest {})", row.step, row.guest) : row.step;
  return printable(row.kind == Row::Kind::total ? step : "  " + row.name);
}

bool is_beyond_floor(const CellJudgement& cell, const Row& row) {
  return check::is_among(cell.regressions, row) || check::is_among(cell.improvements, row);
}

std::string rows_text(const CellJudgement& cell) {
  std::string text;
  for (const Row& row : cell.comparison.rows) {
    const bool is_total = row.kind == Row::Kind::total;
    if (row.kind == Row::Kind::category || (!is_total && !row.differs)) continue;
    text +=
        table_line(row_name(row), exits_text(row.a.median), exits_text(row.b.median),
                   row.differs ? change_text(row) : "=", check::is_among(cell.regressions, row));
    if (is_total || !is_beyond_floor(cell, row)) continue;
    const std::string sentence = cause_sentence(row, cell.comparison.causes);
    if (!sentence.empty()) text += wrap(sentence, 4, mail_columns);
  }
  return text;
}

// Returns the largest change of all cells.
const Row* largest(const check::Verdict& verdict, std::vector<Finding> CellJudgement::*findings) {
  const Row* most = nullptr;
  for (const CellJudgement& cell : verdict.cells)
    for (const Finding& finding : cell.*findings)
      if (!most || std::abs(finding.row.change()) > std::abs(most->change())) most = &finding.row;
  return most;
}

std::size_t count(const check::Verdict& verdict, std::vector<Finding> CellJudgement::*findings) {
  std::size_t sum = 0;
  for (const CellJudgement& cell : verdict.cells) sum += (cell.*findings).size();
  return sum;
}

std::string moved_line(const check::Verdict& verdict, const char* what,
                       std::vector<Finding> CellJudgement::*findings) {
  const Row* most = largest(verdict, findings);
  if (!most) return fmt::format("{}: none beyond its floor.\n", what);
  const std::size_t others = count(verdict, findings) - 1;
  return wrap(
      fmt::format("{}: {}, {} -> {} ({}){}.", what, printable(most->subject()),
                  exits_text(most->a.median), exits_text(most->b.median), change_text(*most),
                  others > 0 ? fmt::format(", and {} more", others) : ""),
      0, mail_columns);
}

std::string rest_line(const check::Verdict& verdict) {
  std::size_t equal = 0, below = 0;
  for (const CellJudgement& cell : verdict.cells)
    for (const Row& row : cell.comparison.rows) {
      if (row.kind == Row::Kind::category) continue;
      if (!row.differs)
        ++equal;
      else if (!is_beyond_floor(cell, row))
        ++below;
    }
  return fmt::format("All else: {} equal, {} changed by less than {}.\n",
                     base::counted(equal, "count"), below,
                     below == 1 ? "its floor" : "their floors");
}

std::string side_text(const std::string& label, const std::string& text) {
  return hanging(label, text, mail_columns, label_width);
}

std::string doubts(const check::Verdict& verdict) {
  std::string text;
  for (const CellJudgement& cell : verdict.cells)
    for (const std::string& why : cell.cannot_tell)
      text += wrap("Cannot tell: " + printable(why), 0, mail_columns);
  for (const std::string& why : verdict.cannot_tell)
    text += wrap("Cannot tell: " + printable(why), 0, mail_columns);
  return text;
}

}  // namespace

std::string mail_text(const Sides& sides, const check::Verdict& verdict) {
  std::string text = side_text("before", sides.before) + side_text("after", sides.after) +
                     side_text("on", sides.where);
  for (const CellJudgement& cell : verdict.cells)
    text += "\n" +
            table_line(printable(cell.comparison.b_name), "before", "after", "change", false) +
            rows_text(cell);
  return text + "\n" + moved_line(verdict, "More", &CellJudgement::regressions) +
         moved_line(verdict, "Fewer", &CellJudgement::improvements) + rest_line(verdict) +
         doubts(verdict);
}

}  // namespace lab::report
