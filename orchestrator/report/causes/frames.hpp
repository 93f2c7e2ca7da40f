// SPDX-License-Identifier: MIT
// A cause as a stack of frames, for the formats of profilers. For the report only.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/cause_sums.hpp"

namespace lab::report {

// Whether there are steps of more than one cell, so that frames need the cell.
bool has_cells(const std::vector<const check::StepCauses*>& steps);

// "boot", "guest 2: boot".
std::string step_frame(const check::StepCauses& step);

// From the outermost: the cell where it is asked for, step, reason, detail, place. What is empty is
// left out, and a sum ("(others)") is one frame. Printable.
std::vector<std::string> make_frames(const check::StepCauses& step, const check::CauseSum& cause,
                                     bool with_cell);

}  // namespace lab::report
