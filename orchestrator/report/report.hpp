// SPDX-License-Identifier: MIT
// Records as people and other tools read them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/record/record.hpp"
#include "orchestrator/record/row.hpp"

namespace lab::report {

struct Style {
  bool colour = false;
};

// For the terminal: conditions in brief, then per step the total and the reasons by exits, then the
// checks.
std::string table(const record::Record& record, const Style& style = {});
std::string table(std::span<const record::Record> records, const Style& style = {});

// One line a record (`lab results list`).
std::string list(std::span<const record::Row> rows, const Style& style = {});
std::string list(std::span<const record::Record> records, const Style& style = {});

// Judged after the run; empty where there are none.
std::string relations(std::span<const record::RelationResult> relations, const Style& style = {});

using Relations = std::span<const record::RelationResult>;
// For scripts, by `--format json`: its fields are an interface (help/formats.md).
std::string json(std::span<const record::Record> records, Relations relations = {});
// One line per trial, step and reason, after a heading; behind a step's, one per cause. Relations
// have no place in it.
std::string csv(std::span<const record::Record> records);
// A test case per trial and relation, a suite per cell; TAP is version 13 or 14.
std::string junit(std::span<const record::Record> records, Relations relations = {});
std::string tap(std::span<const record::Record> records, Relations relations = {},
                int version = 13);
// For a CI job's page: what passed, the counts of each cell and step, what failed and why.
std::string markdown(std::span<const record::Record> records, Relations relations = {});
// OpenMetrics 1.0 text that node-exporter's textfile collector reads too: gauges of the cells'
// medians, without time stamps.
std::string openmetrics(std::span<const record::Record> records);

enum class Format { table, json, csv, junit, tap, tap14, markdown, openmetrics };
std::optional<Format> parse_format(std::string_view text);
std::string format_names(std::string_view between);  // "table, json, ..."
std::string render(Format format, std::span<const record::Record> records, const Style& style = {},
                   Relations relations = {});

// Text from a guest, harmless on a terminal: control characters and broken UTF-8 as
// \xNN, bidirectional and other invisible format characters as \u{NNNN}; newline and
// tab stay where `lines` is true.
std::string printable(std::string_view text, bool lines = false);

}  // namespace lab::report
