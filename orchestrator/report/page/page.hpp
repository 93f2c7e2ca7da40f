// SPDX-License-Identifier: MIT
// The report as one HTML page that needs nothing else: what is drawn and how is page/, what is
// shown is here.
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
  std::vector<std::string> notes;  // stand on top
  // Cells, answers and timelines are made of these. From the index `other` on they are those of the
  // second side.
  std::span<const record::Record> records;
  std::size_t other = SIZE_MAX;
  std::vector<check::Comparison> comparisons;
  const check::History* history = nullptr;
};

// The data, as page/README.md says; every text printable(), no count rounded.
std::string page_data(const Page& page);

// The whole page. Error (infrastructure) where lab was built without it.
std::string html(const Page& page);

// The page's file with title and data, which are escaped already, in their places.
std::string fill_page(std::string_view file, const std::string& title, const std::string& data);

// Samples of a timeline that a page shows, where it has so many timelines.
std::size_t samples_shown(std::size_t timelines);
inline constexpr std::size_t timelines_shown = 24;  // the newest of each cell, and failed ones

// Neighbouring samples put together, so that there are at most so many.
record::Timeline thinned(const record::Timeline& timeline, std::size_t samples);

}  // namespace lab::report
