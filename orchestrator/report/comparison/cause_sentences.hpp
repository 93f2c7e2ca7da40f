// SPDX-License-Identifier: MIT
// Which causes a changed count comes from, in words. For the report only.
#pragma once

#include <string>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"

namespace lab::report {

// "IOIO of boot +16,871: io 0x3f8 serial: write 1, serial8250_console_putchar"; where it is not one
// cause alone, the largest three with their own changes, and how many others there are. "" where no
// cause of the row changed, or where causes are not known.
std::string cause_sentence(const check::Row& row, const std::vector<check::CauseChange>& changes);

}  // namespace lab::report
