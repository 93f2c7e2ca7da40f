// SPDX-License-Identifier: MIT
// Converts a cause to a stack of frames, for the formats of profilers. Used by the report only.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/cause_sums.hpp"

namespace lab::report {

// Returns whether the steps belong to more than one cell, so that frames need the cell.
bool has_cells(const std::vector<const check::StepCauses*>& steps);

// Returns "boot" or "guest 2: boot".
std::string step_frame(const check::StepCauses& step);

// Returns the frames from the outermost: the cell if requested, step, reason, detail, place. Leaves
// out empty ones, and makes a sum ("(others)") one frame. All are printable.
std::vector<std::string> make_frames(const check::StepCauses& step, const check::CauseSum& cause,
                                     bool with_cell);

}  // namespace lab::report
