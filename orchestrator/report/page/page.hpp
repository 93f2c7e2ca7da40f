// SPDX-License-Identifier: MIT
// Makes the report as one HTML page that needs no other file. This code selects the data; page/
// draws it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/check/comparison/comparison.hpp"
#include "orchestrator/check/history/history.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::report {

struct Page {
  std::string title, command, lab_version;
  std::chrono::system_clock::time_point made;
  std::vector<std::string> notes;  // shown on top
  // Cells, answers and timelines come from these. Those from the index `other` on are the second
  // side.
  std::span<const record::Record> records;
  std::size_t other = SIZE_MAX;
  std::vector<check::Comparison> comparisons;
  const check::History* history = nullptr;
};

// Returns the data as page/README.md describes it: all text printable(), no count rounded.
std::string page_data(const Page& page);

// Returns the whole page. Throws an infrastructure error where lab was built without it.
std::string html(const Page& page);

// Puts the title and the data, both already escaped, into the page's file.
std::string fill_page(std::string_view file, const std::string& title, const std::string& data);

// Returns how many samples a page shows of each timeline, given the number of timelines.
std::size_t samples_shown(std::size_t timelines);
inline constexpr std::size_t timelines_shown = 24;  // the newest of each cell, and of failed trials

// Merges neighbouring samples until there are at most so many.
record::Timeline thinned(const record::Timeline& timeline, std::size_t samples);

}  // namespace lab::report
