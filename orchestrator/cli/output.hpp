// SPDX-License-Identifier: MIT
// Options and rules that commands with results share: format, output file, colour, store.
#pragma once

#include <string>

#include "orchestrator/cli/parser.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/terminal/terminal.hpp"

namespace lab::cli {

using terminal::say;

// --format and -o.
void add_format_options(const Command& command, std::string& format, std::string& output);

// The same of a benchmark: table or json.
void add_bench_output(const Command& command, std::string& format, std::string& output);

report::Format wanted_format(const std::string& name);

// Colour only on a terminal.
report::Style style_for(const std::string& output);

// To the file (whole or not at all), or to standard output where it is empty or "-".
void write_output(const std::string& file, const std::string& text);

// The store's file: as given, else in lab's state folder.
std::string store_path(const std::string& given);

}  // namespace lab::cli
