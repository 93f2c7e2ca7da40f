// SPDX-License-Identifier: MIT
// Explains by causes why counts differ, where trials have them. Used by answers() only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/report/evidence.hpp"

namespace lab::report {

// Returns one sentence with the causes by which step `most` has more exits a second than `fewest`;
// "" where the trials do not have causes of both.
std::string why_more(const Group& group, const std::string& most, const std::string& fewest);

// Returns the largest changes of single causes from a to b in exits a trial, one sentence each,
// like "+ IOIO io 0x3f8 serial port: write 1, io_serial_out: 3,748 → 20,619.". Returns none where
// either side has no causes of the step.
std::vector<std::string> changed_causes(const Group& a, const Group& b, const std::string& step);

// Compares each cell with the first one of its scenario, step by step; returns labels and lines.
// Compares only cells that have causes, on one site and of one vendor.
std::vector<std::pair<std::string, std::vector<std::string>>> additions(
    const std::vector<Group>& groups);

}  // namespace lab::report
