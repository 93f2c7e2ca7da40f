// SPDX-License-Identifier: MIT
// What a scenario expects of its trials' counts, and of those of some cells beside others.
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

// Exits of "total", of a reason or of a category in the step. Zero when it never happened; empty
// when the step has no counts or this vendor no such reason.
std::optional<std::uint64_t> count_exits(const Step& step, exits::Vendor vendor,
                                         std::string_view reason,
                                         const std::optional<exits::Category>& category);

// Whether this vendor has what the expectation names. Known before anything is booted.
bool has_reason(exits::Vendor vendor, const scenario::Expectation& expect);

// One check a guest that has the step: "expect NPF of boot", "expect category io of dd, a second",
// "guest 2: expect total of boot". A step that is missing, or that has no counts (or, for a rate,
// no seconds), is a check that is not ok.
std::vector<exits::Check> judge(const scenario::Expectation& expect, std::span<const Step> steps,
                                exits::Vendor vendor);

// All of the plan's that hold for its cell (Expectation::where).
std::vector<exits::Check> judge_expectations(const scenario::TrialPlan& plan,
                                             std::span<const Step> steps, exits::Vendor vendor);

// Whether the cell has every key of `part` with that value; "paging" is "kvm.paging".
bool agrees(const scenario::Cell& cell, const scenario::Cell& part);

// Over the passed ones of `records` whose trial is one of `plans`. Where both sides are 0 there is
// no ratio and no judgement; n / 0 is above every bound.
std::vector<RelationResult> judge_relations(const scenario::Scenario& scenario,
                                            std::span<const scenario::TrialPlan> plans,
                                            std::span<const Record> records);

}  // namespace lab::record
