// SPDX-License-Identifier: MIT
// Formats the causes of trials, and their changes between two sets, for people and other tools.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

using CausesOf = std::span<const check::StepCauses>;

// Returns the largest `most` causes of each step (0: all), then the sum of the others; in the mean
// of the trials. Lines are as long as their causes.
std::string causes_table(CausesOf steps, std::size_t most, const Style& style = {});
// Returns {"schema": 1, "steps": [{…, "causes": [...]}]}; exits are sums over the step's trials.
std::string causes_json(CausesOf steps);
std::string causes_csv(CausesOf steps);

// Returns "step;reason;detail;place EXITS" for flamegraph.pl, inferno and speedscope; with several
// cells the cell comes first. Exits are sums over all trials.
std::string causes_folded(CausesOf steps);
// Returns a file for https://www.speedscope.app: per cell a profile of exits and one of cycles.
std::string causes_speedscope(CausesOf steps);
// Returns profile.proto in gzip, for pprof. Sample types: exits, cycles (0 where they are not
// known, which the format cannot express). Labels: cell, step, reason.
std::string causes_pprof(CausesOf steps);

using PairsOfSteps = std::span<const std::pair<check::StepCauses, check::StepCauses>>;

// Returns the change of each cause, the largest first; in exits a trial, in the mean.
std::string changes_table(PairsOfSteps pairs, std::size_t most, const Style& style = {});
std::string changes_json(PairsOfSteps pairs);
std::string changes_csv(PairsOfSteps pairs);
// Returns exits a trial: "step;reason;detail;place EXITS EXITS", as difffolded.pl writes it for
// flamegraph.pl.
std::string changes_folded(PairsOfSteps pairs);

// These convert a cause to a stack of frames, for the formats of profilers.

// Returns whether the steps belong to more than one cell, so that frames need the cell.
bool has_cells(CausesOf steps);

// Returns "boot" or "guest 2: boot".
std::string step_frame(const check::StepCauses& step);

// Returns the frames from the outermost: the cell if requested, step, reason, detail, place. Leaves
// out empty ones, and makes a sum ("(others)") one frame. All are printable.
std::vector<std::string> make_frames(const check::StepCauses& step, const check::CauseSum& cause,
                                     bool with_cell);

}  // namespace lab::report
