// SPDX-License-Identifier: MIT
// Judges what a scenario expects of its trials' counts, and of some cells relative to others.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/checks.hpp"
#include "orchestrator/record/record.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::record {

// Returns the exits of "total", of a reason or of a category in the step: zero where it never
// happened, nullopt where the step has no counts or this vendor no such reason.
std::optional<std::uint64_t> count_exits(const Step& step, exits::Vendor vendor,
                                         std::string_view reason,
                                         const std::optional<exits::Category>& category);

// Returns whether this vendor has what the expectation names; it is known before anything boots.
bool has_reason(exits::Vendor vendor, const scenario::Expectation& expect);

// Makes one check a guest that has the step: "expect NPF of boot", "expect category io of dd, a
// second", "guest 2: expect total of boot". A step that is missing, or that has no counts (or, for
// a rate, no seconds), is a check that is not ok.
std::vector<exits::Check> judge(const scenario::Expectation& expect, std::span<const Step> steps,
                                exits::Vendor vendor);

// Judges all of the plan's expectations that apply to its cell (Expectation::where).
std::vector<exits::Check> judge_expectations(const scenario::TrialPlan& plan,
                                             std::span<const Step> steps, exits::Vendor vendor);

// Judges relations over the passed ones of `records` whose trial is one of `plans`. Where both
// sides are 0 there is no ratio and no judgement; n / 0 is above every bound.
std::vector<RelationResult> judge_relations(const scenario::Scenario& scenario,
                                            std::span<const scenario::TrialPlan> plans,
                                            std::span<const Record> records);

// Returns "at least 2, at most 3", of a relation's ratio.
std::string bounds_text(const std::optional<double>& min, const std::optional<double>& max);

}  // namespace lab::record
