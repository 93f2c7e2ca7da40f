// SPDX-License-Identifier: MIT
// Names the causes of a changed count in words. Used by the report only.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"

namespace lab::report {

// Returns "IOIO of boot +16,871: io 0x3f8 serial: write 1, serial8250_console_putchar". Where not
// one cause alone explains the change: the three largest with their own changes, and the number of
// others. Returns "" where no cause of the row changed, or where causes are not known.
std::string cause_sentence(const check::Row& row, const std::vector<check::CauseChange>& changes);

}  // namespace lab::report
