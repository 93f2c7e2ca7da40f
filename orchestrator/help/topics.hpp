// SPDX-License-Identifier: MIT
// Gives the documentation pages that are built into lab: the Markdown files of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lab::help {

struct Topic {
  std::string_view name;   // "counts"
  std::string_view title;  // "how exits are counted, and what the counts are not"
  std::string_view text;   // Markdown, whole
};

const std::vector<Topic>& topics();  // by name

// Renders a page for a terminal: without comments, links as their text, code unchanged.
std::string terminal_text(const Topic& topic, bool colour);

}  // namespace lab::help
