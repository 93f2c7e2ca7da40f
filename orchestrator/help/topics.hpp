// SPDX-License-Identifier: MIT
// Pages of the documentation that are part of lab: the Markdown files of this folder.
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

// As a terminal shows it: without comments, links as their text, code as it is.
std::string terminal_text(const Topic& topic, bool colour);

}  // namespace lab::help
