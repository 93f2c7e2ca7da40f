// SPDX-License-Identifier: MIT
// Comparisons and the gate's verdicts as people and other tools read them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/check/history/change_points.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

// In benchstat's manner: medians with their intervals, the change, p after correction; "~" where
// nothing is shown. The conditions that differ stand on top.
std::string comparison_table(std::span<const check::Comparison> comparisons,
                             const Style& style = {});
// {"schema": 1, "comparisons": [...]}; counts are doubles (medians), shares of 1.
std::string comparison_json(std::span<const check::Comparison> comparisons);
// One line a row, after a heading.
std::string comparison_csv(std::span<const check::Comparison> comparisons);

// What `lab check` says of each cell, then of cells without a partner.
std::string verdict_text(const check::Verdict& verdict, const Style& style = {});
// {"schema": 1, "judgement": "...", "cells": [...], "cannot_tell": [...], "notes": [...],
// "changes": [...], "findings": [...]}; notes: what was confirmed, in words; findings:
// finding_lines(). `lab help formats` has the cells' fields.
std::string verdict_json(const check::Verdict& verdict, std::span<const std::string> notes,
                         std::span<const check::Change> changes);

// A test case a cell: a regression is a failure, what cannot be told an error.
std::string verdict_junit(const check::Verdict& verdict);
// For a CI job's page.
std::string verdict_markdown(const check::Verdict& verdict, std::span<const std::string> notes,
                             std::span<const check::Change> changes);

// "+12.34 %"; where there was nothing before, "new".
std::string change_text(const check::Row& row);

// "regressed", "no change that matters", …
std::string judgement_text(const check::CellJudgement& cell);

// "boot-count, total of boot: 12,452 → 18,267 exits since 20261122T… (run …); console: quiet |
// verbose"
std::string change_line(const check::Change& change);

// One finding in a line or two, with its place and its likely cause.
std::string finding_text(const check::Finding& finding);

// All that a check has to say, a line each: the cells' findings, what cannot be told, the notes,
// and where the history changed.
std::vector<std::string> finding_lines(const check::Verdict& verdict,
                                       std::span<const std::string> notes,
                                       std::span<const check::Change> changes);

std::string changes_text(std::span<const check::Change> changes);

std::string baseline_text(const check::Baseline& baseline, const Style& style = {});

std::string_view to_string(check::Judgement judgement);  // "passed", "regressed", "cannot tell"

}  // namespace lab::report
