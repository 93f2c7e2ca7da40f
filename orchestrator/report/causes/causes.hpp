// SPDX-License-Identifier: MIT
// Causes of trials, and what changed between two sets of them, as people and other tools read them.
#pragma once

#include <span>
#include <string>

#include "orchestrator/check/comparison/cause_sums.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

using CausesOf = std::span<const check::StepCauses>;

// The largest `most` of each step (0: all), then what the others add up to; a trial, in the mean.
// Lines are as long as their causes.
std::string causes_table(CausesOf steps, std::size_t most, const Style& style = {});
// {"schema": 1, "steps": [{…, "causes": [...]}]}; exits of all trials of the step together.
std::string causes_json(CausesOf steps);
std::string causes_csv(CausesOf steps);

// "step;reason;detail;place EXITS" for flamegraph.pl, inferno and speedscope; of several cells with
// the cell in front. Exits of all trials together.
std::string causes_folded(CausesOf steps);
// For https://www.speedscope.app: a profile a cell of exits, and one of cycles.
std::string causes_speedscope(CausesOf steps);
// For pprof: profile.proto in gzip. Sample types: exits, cycles (0 where they are not known, for
// which the format has no word). Labels: cell, step, reason.
std::string causes_pprof(CausesOf steps);

using PairsOfSteps = std::span<const std::pair<check::StepCauses, check::StepCauses>>;

// Cause by cause, the largest move first; exits a trial, in the mean.
std::string changes_table(PairsOfSteps pairs, std::size_t most, const Style& style = {});
std::string changes_json(PairsOfSteps pairs);
std::string changes_csv(PairsOfSteps pairs);
// "step;reason;detail;place EXITS EXITS", as difffolded.pl writes it for flamegraph.pl; a trial.
std::string changes_folded(PairsOfSteps pairs);

}  // namespace lab::report
