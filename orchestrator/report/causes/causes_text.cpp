// SPDX-License-Identifier: MIT
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "orchestrator/base/json.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/causes/causes.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::CauseChange;
using check::CauseSum;
using check::StepCauses;
using nlohmann::ordered_json;

constexpr int causes_schema = 1;

std::string causes_document(ordered_json steps) {
  const ordered_json json = {{"schema", causes_schema}, {"steps", std::move(steps)}};
  return base::dump_json(json, 2) + "\n";
}

std::string trials_text(std::size_t trials) {
  return trials == 1 ? "" : fmt::format(" a trial (mean of {})", trials);
}

// Is one line of a table of one step or of two: numbers, reason and cause.
struct CauseRow {
  std::vector<std::string> cells;
  std::optional<Ink> colour;
};

// Returns the rows as text; `columns` are those of the three numbers.
std::string rows_text(std::vector<Column> columns, const std::vector<CauseRow>& rows,
                      const Style& style) {
  constexpr std::size_t narrowest_reason = 10;  // Intel's long names need more
  columns.insert(columns.end(), {{.least = narrowest_reason}, {}});
  Columns table(std::move(columns));
  for (const CauseRow& row : rows) table.measure(row.cells);
  std::string text;
  for (const CauseRow& row : rows) {
    const std::string line = table.line(row.cells);
    text += (row.colour ? ink(style, *row.colour, line) : line) + "\n";
  }
  return text;
}

// Returns "-" where the mean is 0: exits that the fastpath served have no cycles.
std::string cycles_an_exit(const CauseSum& cause) {
  const std::uint64_t each = cause.exits ? cause.cycles.value_or(0) / cause.exits : 0;
  return each > 0 ? thousands(each) : "-";
}

CauseRow step_row(const StepCauses& step, std::uint64_t exits, const std::string& each,
                  const std::string& reason, const std::string& cause) {
  return {{exits_text(step.a_trial(exits)), share(exits, step.exits) + "%", each, reason, cause},
          {}};
}

// Returns the named causes first, then the sums of those that a record had no room for.
std::vector<const CauseSum*> named_first(const StepCauses& step) {
  std::vector<const CauseSum*> causes;
  for (const CauseSum& cause : step.causes) causes.push_back(&cause);
  std::stable_partition(causes.begin(), causes.end(), [](const CauseSum* cause) {
    return !is_sum_of_causes(cause->detail, cause->place);
  });
  return causes;
}

std::vector<CauseRow> step_rows(const StepCauses& step, std::size_t most) {
  std::vector<CauseRow> rows = {{{"exits", "%", "cycles/exit", "reason", "cause"}, Ink::dim}};
  if (step.emulated) rows.push_back({{"", "", "(emulated)"}, Ink::dim});
  const std::size_t headings = rows.size();
  std::uint64_t exits_of_others = 0;
  std::size_t others = 0;
  bool with_sum = false;
  for (const CauseSum* cause : named_first(step)) {
    const bool is_sum = is_sum_of_causes(cause->detail, cause->place);
    if (most == 0 || (!is_sum && rows.size() < headings + most)) {
      rows.push_back(step_row(step, cause->exits, cycles_an_exit(*cause), printable(cause->reason),
                              cause_text(cause->detail, cause->place)));
      continue;
    }
    exits_of_others += cause->exits;
    with_sum = with_sum || is_sum;
    others += is_sum ? 0 : 1;
  }
  if (exits_of_others > 0)
    rows.push_back(step_row(step, exits_of_others, "", "",
                            other_causes_text(others, with_sum) + " (all: -n 0)"));
  return rows;
}

std::string step_table(const StepCauses& step, std::size_t most, const Style& style) {
  const std::string heading = fmt::format(
      "{}, {}: {} exits{}\n", printable(step.cell), ink(style, Ink::bold, step_frame(step)),
      exits_text(step.a_trial(step.exits)), trials_text(step.trials));
  return heading + rows_text({{on_right, 13, 0}, {on_right, 6, 1}, {on_right, 11}},
                             step_rows(step, most), style);
}

CauseRow change_row(const CauseChange& change) {
  return {{change.in_a ? exits_text(change.a) : "-", change.in_b ? exits_text(change.b) : "-",
           signed_text(change.change()), printable(change.reason),
           cause_text(change.detail, change.place)},
          change.change() > 0 ? Ink::red : Ink::green};
}

std::string pair_name(const StepCauses& a, const StepCauses& b) {
  return printable(a.cell) + (a.cell == b.cell ? "" : " | " + printable(b.cell));
}

std::string pair_heading(const StepCauses& a, const StepCauses& b, const Style& style) {
  const double before = a.a_trial(a.exits), after = b.a_trial(b.exits);
  return fmt::format(
      "{}, {}: {} | {} exits, {}{}\n", pair_name(a, b), ink(style, Ink::bold, step_frame(a)),
      exits_text(before), exits_text(after), signed_text(after - before),
      a.trials * b.trials == 1 ? ""
                               : fmt::format(" (means of {} | {} trials)", a.trials, b.trials));
}

std::string pair_table(const StepCauses& a, const StepCauses& b, std::size_t most,
                       const Style& style) {
  std::vector<CauseRow> rows = {{{"a", "b", "change", "reason", "cause"}, Ink::dim}};
  std::size_t others = 0;
  double change_of_others = 0;
  for (const CauseChange& change : check::cause_changes(a, b)) {
    if (change.change() == 0) continue;
    if (most == 0 || rows.size() <= most) {
      rows.push_back(change_row(change));
    } else {
      change_of_others += change.change();
      ++others;
    }
  }
  const bool moved = rows.size() > 1;
  if (others > 0)
    rows.push_back({{"", "", signed_text(change_of_others), "",
                     other_causes_text(others, false) + " (all: -n 0)"},
                    {}});
  return pair_heading(a, b, style) +
         rows_text({{on_right, 12, 0}, {on_right, 12}, {on_right, 12}}, rows, style) +
         (moved ? "" : "  every cause has the same exits on both sides\n");
}

// Returns the fields that identify a cause, which a sum and a change share.
ordered_json which_json(const auto& cause) {
  ordered_json object = {{"number", cause.number}, {"reason", cause.reason}};
  if (!cause.detail.empty()) object["detail"] = cause.detail;
  if (!cause.place.empty()) object["place"] = cause.place;
  return object;
}

ordered_json cause_json(const CauseSum& cause) {
  ordered_json object = which_json(cause);
  object["exits"] = cause.exits;
  if (cause.cycles) object["cycles"] = *cause.cycles;
  return object;
}

ordered_json change_json(const CauseChange& change) {
  ordered_json object = which_json(change);
  if (change.in_a) object["a"] = change.a;
  if (change.in_b) object["b"] = change.b;
  object["change"] = change.change();
  return object;
}

}  // namespace

std::string causes_table(CausesOf steps, std::size_t most, const Style& style) {
  std::string text;
  for (const StepCauses& step : steps)
    text += (text.empty() ? "" : "\n") + step_table(step, most, style);
  return text;
}

std::string causes_json(CausesOf steps) {
  ordered_json list = ordered_json::array();
  for (const StepCauses& step : steps) {
    list.push_back({{"scenario", step.scenario},
                    {"cell", step.cell},
                    {"step", step.step},
                    {"guest", step.guest},
                    {"trials", step.trials},
                    {"exits", step.exits},
                    {"causes", ordered_json::array()}});
    if (!step.vendor.empty()) list.back()["vendor"] = step.vendor;
    for (const CauseSum& cause : step.causes) list.back()["causes"].push_back(cause_json(cause));
  }
  return causes_document(std::move(list));
}

std::string causes_csv(CausesOf steps) {
  std::string text = "scenario,cell,step,guest,trials,number,reason,detail,place,exits,cycles\n";
  for (const StepCauses& step : steps)
    for (const CauseSum& cause : step.causes)
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(step.scenario),
                          csv_field(step.cell), csv_field(step.step), step.guest, step.trials,
                          cause.number, csv_field(cause.reason), csv_field(cause.detail),
                          csv_field(cause.place), cause.exits,
                          cause.cycles ? std::to_string(*cause.cycles) : "");
  return text;
}

std::string changes_table(PairsOfSteps pairs, std::size_t most, const Style& style) {
  std::string text;
  for (const auto& [a, b] : pairs)
    text += (text.empty() ? "" : "\n") + pair_table(a, b, most, style);
  return text;
}

std::string changes_json(PairsOfSteps pairs) {
  ordered_json list = ordered_json::array();
  for (const auto& [a, b] : pairs) {
    list.push_back({{"scenario", a.scenario},
                    {"a", a.cell},
                    {"b", b.cell},
                    {"step", a.step},
                    {"guest", a.guest},
                    {"a_trials", a.trials},
                    {"b_trials", b.trials},
                    {"changes", ordered_json::array()}});
    for (const CauseChange& change : check::cause_changes(a, b))
      list.back()["changes"].push_back(change_json(change));
  }
  return causes_document(std::move(list));
}

std::string changes_csv(PairsOfSteps pairs) {
  const auto number = [](bool known, double value) {
    return known ? fmt::format("{}", value) : std::string();
  };
  std::string text = "scenario,a_cell,b_cell,step,guest,number,reason,detail,place,a,b,change\n";
  for (const auto& [a, b] : pairs)
    for (const CauseChange& change : check::cause_changes(a, b))
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(a.scenario),
                          csv_field(a.cell), csv_field(b.cell), csv_field(a.step), a.guest,
                          change.number, csv_field(change.reason), csv_field(change.detail),
                          csv_field(change.place), number(change.in_a, change.a),
                          number(change.in_b, change.b), change.change());
  return text;
}

}  // namespace lab::report
