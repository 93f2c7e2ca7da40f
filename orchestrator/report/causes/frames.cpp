// SPDX-License-Identifier: MIT
// Converts causes to stacks of frames: folded ones, and speedscope's.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "orchestrator/base/json.hpp"
#include "orchestrator/report/cause_lines.hpp"
#include "orchestrator/report/causes/causes.hpp"

namespace lab::report {
namespace {

using check::CauseSum;
using check::StepCauses;
using nlohmann::ordered_json;

// Joins a last number to the word before it. The tools take the last word for the count and a
// number before it for another side's count, so "write 1" must not end a stack.
void join_last_number(std::string& text) {
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string::npos) return;
  if (text.find_first_not_of("0123456789.", blank + 1) == std::string::npos) text[blank] = '_';
}

std::string folded_stack(const std::vector<std::string>& frames) {
  std::string stack;
  for (std::string frame : frames) {
    std::ranges::replace(frame, ';', ',');
    stack += (stack.empty() ? "" : ";") + frame;
  }
  join_last_number(stack);
  return stack;
}

// Is speedscope's list of frames, which contains each name once.
class FrameNames {
 public:
  std::size_t number(const std::string& name) {
    const auto [at, is_new] = numbers_.try_emplace(name, frames_.size());
    if (is_new) frames_.push_back({{"name", name}});
    return at->second;
  }
  const ordered_json& frames() const { return frames_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  ordered_json frames_ = ordered_json::array();
};

using CellKey = std::pair<std::string, std::string>;  // scenario, name

CellKey cell_key(const StepCauses& step) {
  return {step.scenario, step.cell};
}

// Sorts causes with common frames side by side, as speedscope draws stacks in their order.
std::vector<CauseSum> side_by_side(std::vector<CauseSum> causes) {
  std::ranges::stable_sort(causes, [](const CauseSum& one, const CauseSum& other) {
    return std::tie(one.reason, one.detail) < std::tie(other.reason, other.detail);
  });
  return causes;
}

// Returns one kind of weights of one cell; empty where none is known.
template <typename Weight>
ordered_json speedscope_profile(CausesOf steps, const CellKey& cell, const char* unit,
                                FrameNames& names, Weight weight) {
  ordered_json samples = ordered_json::array(), weights = ordered_json::array();
  double end = 0;
  for (const StepCauses& step : steps) {
    if (cell_key(step) != cell) continue;
    for (const CauseSum& cause : side_by_side(step.causes)) {
      const std::optional<std::uint64_t> value = weight(cause);
      if (!value) continue;
      ordered_json stack = ordered_json::array();
      for (const std::string& frame : make_frames(step, cause, false))
        stack.push_back(names.number(frame));
      samples.push_back(stack);
      weights.push_back(*value);
      end += double(*value);
    }
  }
  if (samples.empty()) return {};
  return {{"type", "sampled"}, {"name", printable(cell.second) + ": " + unit},
          {"unit", "none"},    {"startValue", 0},
          {"endValue", end},   {"samples", samples},
          {"weights", weights}};
}

}  // namespace

bool has_cells(CausesOf steps) {
  return std::ranges::any_of(
      steps, [&](const StepCauses& step) { return cell_key(step) != cell_key(steps.front()); });
}

std::string step_frame(const StepCauses& step) {
  return (step.guest > 1 ? fmt::format("guest {}: ", step.guest) : "") + printable(step.step);
}

std::vector<std::string> make_frames(const StepCauses& step, const CauseSum& cause,
                                     bool with_cell) {
  std::vector<std::string> frames;
  if (with_cell) frames.push_back(printable(step.cell));
  frames.push_back(step_frame(step));
  frames.push_back(printable(cause.reason));
  if (!cause.detail.empty()) frames.push_back(cause_word(cause.detail));
  if (!cause.place.empty() && cause.place != cause.detail)
    frames.push_back(cause_word(cause.place));
  return frames;
}

std::string causes_folded(CausesOf steps) {
  const bool with_cell = has_cells(steps);
  std::string text;
  for (const StepCauses& step : steps)
    for (const CauseSum& cause : step.causes)
      text +=
          fmt::format("{} {}\n", folded_stack(make_frames(step, cause, with_cell)), cause.exits);
  return text;
}

std::string changes_folded(PairsOfSteps pairs) {
  const bool with_cell = std::ranges::any_of(pairs, [&](const auto& pair) {
    return cell_key(pair.first) != cell_key(pairs.front().first);
  });
  std::string text;
  for (const auto& [a, b] : pairs)
    for (const check::CauseChange& change : check::cause_changes(a, b)) {
      const CauseSum cause{change.number, change.reason, change.detail, change.place, 0, {}};
      text += fmt::format("{} {:.0f} {:.0f}\n", folded_stack(make_frames(a, cause, with_cell)),
                          std::round(change.a), std::round(change.b));
    }
  return text;
}

std::string causes_speedscope(CausesOf steps) {
  FrameNames names;
  ordered_json profiles = ordered_json::array();
  std::vector<CellKey> cells;
  for (const StepCauses& step : steps)
    if (std::ranges::find(cells, cell_key(step)) == cells.end()) cells.push_back(cell_key(step));
  for (const CellKey& cell : cells) {
    profiles.push_back(speedscope_profile(steps, cell, "exits", names, [](const CauseSum& cause) {
      return std::optional(cause.exits);
    }));
    const ordered_json cycles = speedscope_profile(
        steps, cell, "cycles", names, [](const CauseSum& cause) { return cause.cycles; });
    if (!cycles.is_null()) profiles.push_back(cycles);
  }
  const ordered_json document = {{"$schema", "https://www.speedscope.app/file-format-schema.json"},
                                 {"exporter", "lab"},
                                 {"shared", {{"frames", names.frames()}}},
                                 {"profiles", profiles}};
  return base::dump_json(document) + "\n";
}

}  // namespace lab::report
