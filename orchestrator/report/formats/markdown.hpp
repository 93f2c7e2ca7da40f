// SPDX-License-Identifier: MIT
// Provides helpers for Markdown. Used by the report only.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/report/report.hpp"

namespace lab::report {

// Returns printable() text with a backslash before all that is Markdown or HTML syntax.
std::string markdown_text(std::string_view text);

}  // namespace lab::report
