// SPDX-License-Identifier: MIT
// Why counts differ, by causes, where trials have them. For answers() only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/report/evidence.hpp"

namespace lab::report {

// The causes by which step `most` has more exits a second than `fewest`, in one sentence; "" where
// the trials have no causes of both.
std::string why_more(const Group& group, const std::string& most, const std::string& fewest);

// The largest changes of single causes from a to b, a sentence each, exits a trial:
// "+ IOIO io 0x3f8 serial port: write 1, io_serial_out: 3,748 → 20,619.". None where either side
// has no causes of the step.
std::vector<std::string> changed_causes(const Group& a, const Group& b, const std::string& step);

// What each cell has more than the first one of its scenario, step by step: a label and lines. Of
// those that have causes, on one site and of one vendor.
std::vector<std::pair<std::string, std::vector<std::string>>> additions(
    const std::vector<Group>& groups);

}  // namespace lab::report
