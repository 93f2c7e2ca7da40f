// SPDX-License-Identifier: MIT
// Formats comparisons and the gate's verdicts for people and for other tools.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "orchestrator/check/baseline.hpp"
#include "orchestrator/check/gate.hpp"
#include "orchestrator/check/history/change_points.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

// Returns a table like benchstat's: medians with their intervals, the change, p after correction;
// "~" where no difference is shown. The conditions that differ come first.
std::string comparison_table(std::span<const check::Comparison> comparisons,
                             const Style& style = {});
// Returns {"schema": 1, "comparisons": [...]}; counts are doubles (medians), shares are of 1.
std::string comparison_json(std::span<const check::Comparison> comparisons);
// Returns a heading, then one line a row.
std::string comparison_csv(std::span<const check::Comparison> comparisons);

// Returns what `lab check` prints of each cell, then of cells without a partner.
std::string verdict_text(const check::Verdict& verdict, const Style& style = {});
// Returns {"schema": 1, "judgement": "...", "cells": [...], "cannot_tell": [...], "notes": [...],
// "changes": [...], "findings": [...]}; notes state in words what was confirmed; findings are
// finding_lines(). `lab help formats` lists the cells' fields.
std::string verdict_json(const check::Verdict& verdict, std::span<const std::string> notes,
                         std::span<const check::Change> changes);

// Returns one test case a cell: a regression is a failure, a cell without a verdict an error.
std::string verdict_junit(const check::Verdict& verdict);
// Returns Markdown for a CI job's page.
std::string verdict_markdown(const check::Verdict& verdict, std::span<const std::string> notes,
                             std::span<const check::Change> changes);

// Returns "+12.34 %", or "new" where the first side had none.
std::string change_text(const check::Row& row);

// Returns "IOIO of boot +16,871: io 0x3f8 serial: write 1, serial8250_console_putchar". Where not
// one cause alone explains the change: the three largest with their own changes, and the number of
// others. Returns "" where no cause of the row changed, or where causes are not known.
std::string cause_sentence(const check::Row& row, const std::vector<check::CauseChange>& changes);

// Returns "regressed", "no change that matters", …
std::string judgement_text(const check::CellJudgement& cell);

// Returns "boot-count, total of boot: 12,452 → 18,267 exits since 20261122T… (run …); console:
// quiet | verbose".
std::string change_line(const check::Change& change);

// Returns one finding in a line or two, with its place and its likely cause.
std::string finding_text(const check::Finding& finding);

// Returns all results of a check, a line each: the cells' findings, what could not be judged, the
// notes, and where the history changed.
std::vector<std::string> finding_lines(const check::Verdict& verdict,
                                       std::span<const std::string> notes,
                                       std::span<const check::Change> changes);

std::string changes_text(std::span<const check::Change> changes);

std::string baseline_text(const check::Baseline& baseline, const Style& style = {});

std::string_view to_string(check::Judgement judgement);  // "passed", "regressed", "cannot tell"

}  // namespace lab::report
