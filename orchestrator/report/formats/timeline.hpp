// SPDX-License-Identifier: MIT
// Summarizes a timeline in a few lines: rates and steadiness of its parts, its busiest moments.
#pragma once

#include <string>

#include "orchestrator/record/record.hpp"
#include "orchestrator/report/report.hpp"

namespace lab::report {

// Returns "" where the record has no timeline with samples.
std::string timeline_text(const record::Record& record, const Style& style);

// Explains `variation` (record/rates.hpp) in one line.
std::string variation_meaning(double window);

// Returns "init → multi-user" or a step's name: where in the trial that second lies; may be empty.
std::string place_at(const record::Record& record, double second);

}  // namespace lab::report
