// SPDX-License-Identifier: MIT
// Pieces of Markdown. For the report only.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/report/report.hpp"

namespace lab::report {

// After printable(), and with a backslash before all that Markdown or HTML would take for its own.
std::string markdown_text(std::string_view text);

}  // namespace lab::report
