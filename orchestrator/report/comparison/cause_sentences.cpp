// SPDX-License-Identifier: MIT
#include "orchestrator/report/comparison/cause_sentences.hpp"
#include "orchestrator/base/counted.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/text.hpp"

namespace lab::report {
namespace {

using check::CauseChange;
using check::Row;

constexpr std::size_t causes_named = 3;
constexpr double nearly_all = 0.95;  // of a row's change, so that one cause alone explains it

std::string signed_exits(double change) {
  const double exits = std::abs(change);
  return (change < 0 ? "-" : "+") + (exits < 0x1p63 ? thousands(std::uint64_t(std::llround(exits)))
                                                    : fmt::format("{:.3g}", exits));
}

std::string with_reason(const CauseChange& change, const Row& row) {
  const std::string reason = row.kind == Row::Kind::reason ? "" : printable(change.reason) + " ";
  return reason + cause_text(change.detail, change.place);
}

}  // namespace

std::string cause_sentence(const Row& row, const std::vector<CauseChange>& changes) {
  const std::vector<CauseChange> moved = check::matching_changes(row, changes);
  if (moved.empty()) return "";
  const std::string subject = printable(row.subject()) + " " + signed_exits(row.change()) + ": ";
  const bool alone =
      moved[0].change() / row.change() >= nearly_all && moved[0].change() * row.change() > 0;
  if (alone && (moved.size() == 1 ||
                std::abs(moved[1].change()) <= (1 - nearly_all) * std::abs(row.change())))
    return subject + with_reason(moved[0], row);
  std::string text;
  for (std::size_t i = 0; i < std::min(moved.size(), causes_named); ++i)
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", signed_exits(moved[i].change()),
                        with_reason(moved[i], row));
  const std::size_t others = moved.size() - std::min(moved.size(), causes_named);
  if (others > 0) text += "; and " + base::counted(others, "other cause");
  return subject + text;
}

}  // namespace lab::report
