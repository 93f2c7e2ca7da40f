// SPDX-License-Identifier: MIT
// Writes comparisons and verdicts for other programs.
#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "orchestrator/base/json.hpp"
#include "orchestrator/report/comparison/comparison.hpp"
#include "orchestrator/report/comparison/comparison_object.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::Comparison;
using check::Row;
using nlohmann::ordered_json;

constexpr int schema = 1;

const char* word(Row::Kind kind) {
  if (kind == Row::Kind::total) return "total";
  return kind == Row::Kind::category ? "category" : "reason";
}

ordered_json interval_json(const check::Interval& interval) {
  return {{"low", interval.low}, {"high", interval.high}, {"confidence", interval.confidence}};
}

ordered_json side_json(const check::Side& side) {
  return {{"median", side.median}, {"interval", interval_json(side.interval)}};
}

ordered_json row_json(const Row& row) {
  ordered_json object = {
      {"step", row.step}, {"guest", row.guest}, {"kind", word(row.kind)}, {"name", row.name}};
  if (row.kind == Row::Kind::reason) object["number"] = row.number;
  if (row.category) object["category"] = exits::to_string(*row.category);
  object["a"] = side_json(row.a);
  object["b"] = side_json(row.b);
  object["change"] = row.change();
  if (const auto share = row.share()) object["share"] = *share;
  object["difference"] = interval_json(row.difference);
  if (row.p) object["p"] = *row.p;
  if (row.corrected) object["p_corrected"] = *row.corrected;
  object["differs"] = row.differs;
  if (row.intermittent) object["trials_beyond"] = row.beyond;
  if (row.other_run) object["another_run"] = interval_json(*row.other_run);
  return object;
}

ordered_json causes_json(const std::vector<check::CauseChange>& changes) {
  ordered_json list = ordered_json::array();
  for (const check::CauseChange& change : changes) {
    list.push_back({{"step", change.step},
                    {"guest", change.guest},
                    {"number", change.number},
                    {"reason", change.reason},
                    {"detail", change.detail},
                    {"place", change.place}});
    if (change.in_a) list.back()["a"] = change.a;
    if (change.in_b) list.back()["b"] = change.b;
    list.back()["change"] = change.change();
  }
  return list;
}

ordered_json findings_json(const std::vector<check::Finding>& findings) {
  ordered_json list = ordered_json::array();
  for (const check::Finding& finding : findings) {
    ordered_json object = row_json(finding.row);
    if (!finding.where.empty()) object["where"] = finding.where;
    if (!finding.cause.empty()) object["cause"] = finding.cause;
    if (!finding.moved.empty()) object["moved"] = finding.moved;
    if (!finding.changed.empty()) object["changed"] = causes_json(finding.changed);
    list.push_back(std::move(object));
  }
  return list;
}

// Leaves out infinite values, which JSON cannot express.
ordered_json resolution_json(const std::vector<check::Resolution>& all) {
  ordered_json list = ordered_json::array();
  for (const check::Resolution& one : all) {
    ordered_json object = {{"step", one.row.step},
                           {"guest", one.row.guest},
                           {"kind", word(one.row.kind)},
                           {"name", one.row.name},
                           {"floor", one.floor}};
    if (std::isfinite(one.could_miss)) object["could_miss"] = one.could_miss;
    if (std::isfinite(one.would_find)) object["would_find"] = one.would_find;
    if (one.row.runs) object["run_deviation"] = one.row.runs->deviation;
    list.push_back(std::move(object));
  }
  return list;
}

std::string dump_text(const ordered_json& json) {
  return base::dump_json(json, 2) + "\n";
}

}  // namespace

ordered_json differences_json(const std::vector<check::Difference>& differences) {
  ordered_json object = ordered_json::object();
  for (const check::Difference& difference : differences)
    object[difference.key] = {{"a", difference.a}, {"b", difference.b}};
  return object;
}

ordered_json comparison_object(const Comparison& comparison) {
  ordered_json object = {{"scenario", comparison.scenario},
                         {"a", comparison.a_name},
                         {"b", comparison.b_name},
                         {"a_trials", comparison.a_trials},
                         {"b_trials", comparison.b_trials},
                         {"exact", comparison.exact},
                         {"conditions", differences_json(comparison.conditions)},
                         {"rows", ordered_json::array()}};
  if (!comparison.note.empty()) object["note"] = comparison.note;
  for (const Row& row : comparison.rows) object["rows"].push_back(row_json(row));
  if (!comparison.causes.empty()) object["causes"] = causes_json(comparison.causes);
  return object;
}

std::string comparison_json(std::span<const Comparison> comparisons) {
  ordered_json json = {{"schema", schema}, {"comparisons", ordered_json::array()}};
  for (const Comparison& comparison : comparisons)
    json["comparisons"].push_back(comparison_object(comparison));
  return dump_text(json);
}

std::string comparison_csv(std::span<const Comparison> comparisons) {
  std::string text =
      "scenario,a,b,a_trials,b_trials,step,guest,kind,name,a_median,a_low,a_high,b_median,b_low,"
      "b_high,change,share,p,p_corrected,differs\n";
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : std::string();
  };
  for (const Comparison& comparison : comparisons)
    for (const Row& row : comparison.rows)
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                          csv_field(comparison.scenario), csv_field(comparison.a_name),
                          csv_field(comparison.b_name), comparison.a_trials, comparison.b_trials,
                          csv_field(row.step), row.guest, word(row.kind), csv_field(row.name),
                          row.a.median, row.a.interval.low, row.a.interval.high, row.b.median,
                          row.b.interval.low, row.b.interval.high, row.change(),
                          number(row.share()), number(row.p), number(row.corrected), row.differs);
  return text;
}

std::string verdict_json(const check::Verdict& verdict, std::span<const std::string> notes,
                         std::span<const check::Change> changes) {
  ordered_json json = {{"schema", schema},
                       {"judgement", to_string(verdict.judgement())},
                       {"cells", ordered_json::array()},
                       {"cannot_tell", verdict.cannot_tell},
                       {"notes", notes},
                       {"changes", ordered_json::array()}};
  for (const check::CellJudgement& cell : verdict.cells)
    json["cells"].push_back({{"comparison", comparison_object(cell.comparison)},
                             {"regressions", findings_json(cell.regressions)},
                             {"improvements", findings_json(cell.improvements)},
                             {"suspected", findings_json(cell.suspected)},
                             {"below_floor", findings_json(cell.below_floor)},
                             {"resolution", resolution_json(cell.resolution)},
                             {"cannot_tell", cell.cannot_tell}});
  for (const check::Change& change : changes)
    json["changes"].push_back({{"cell", change.cell},
                               {"site", change.site},
                               {"subject", change.subject},
                               {"run", change.run},
                               {"before", change.before},
                               {"after", change.after},
                               {"conditions", differences_json(change.conditions)}});
  json["findings"] = finding_lines(verdict, notes, changes);
  return dump_text(json);
}

}  // namespace lab::report
