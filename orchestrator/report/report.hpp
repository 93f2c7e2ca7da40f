// SPDX-License-Identifier: MIT
// Formats records for people and for other tools.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/record/counts.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::report {

struct Style {
  bool colour = false;
};

// Returns a table for the terminal: conditions in brief, then per step the total and the reasons by
// exits, then the checks.
std::string table(const record::Record& record, const Style& style = {});
std::string table(std::span<const record::Record> records, const Style& style = {});

// Returns one line a record (`lab results list`).
std::string list(std::span<const record::Row> rows, const Style& style = {});

// Returns the relations between cells, which are judged after the run; "" where there are none.
std::string relations(std::span<const record::RelationResult> relations, const Style& style = {});

using Relations = std::span<const record::RelationResult>;
// Returns JSON for scripts (`--format json`); its fields are an interface (help/formats.md).
std::string json(std::span<const record::Record> records, Relations relations = {});
// Returns a heading, then one line per trial, step and reason; a step's causes follow its reasons,
// one a line. Relations are left out.
std::string csv(std::span<const record::Record> records);
// Return a test case per trial and relation; JUnit has a suite per cell; TAP is version 13 or 14.
std::string junit(std::span<const record::Record> records, Relations relations = {});
std::string tap(std::span<const record::Record> records, Relations relations = {},
                int version = 13);
// Returns Markdown for a CI job's page: what passed, the counts of each cell and step, what failed
// and why.
std::string markdown(std::span<const record::Record> records, Relations relations = {});
// Returns OpenMetrics 1.0 text that node-exporter's textfile collector can read too: gauges of the
// cells' medians, without time stamps.
std::string openmetrics(std::span<const record::Record> records);

enum class Format { table, json, csv, junit, tap, tap14, markdown, openmetrics };
std::optional<Format> parse_format(std::string_view text);
std::string format_names(std::string_view between);  // "table, json, ..."
std::string render(Format format, std::span<const record::Record> records, const Style& style = {},
                   Relations relations = {});

// Makes text from a guest harmless on a terminal: control characters and broken UTF-8 become \xNN,
// bidirectional and other invisible format characters \u{NNNN}; newline and tab stay where `lines`
// is true.
std::string printable(std::string_view text, bool lines = false);

}  // namespace lab::report
