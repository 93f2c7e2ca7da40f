// SPDX-License-Identifier: MIT
// Contains options and rules that commands with results share: format, output file, colour, store.
#pragma once

#include <string>

#include "orchestrator/cli/parser.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/terminal/terminal.hpp"

namespace lab::cli {

using terminal::say;

// Adds -o.
void add_output(const Command& command, std::string& output);

// Adds --format and -o.
void add_format_options(const Command& command, std::string& format, std::string& output);

// Adds the same for a benchmark, which has the formats table and json.
void add_bench_output(const Command& command, std::string& format, std::string& output);

// Prints an error and, unless it is empty, its hint on standard error.
void say_error(const std::string& text, const std::string& hint = "");

report::Format wanted_format(const std::string& name);

// Uses colour only on a terminal.
report::Style style_for(const std::string& output);

// Writes to the file (whole or not at all), or to standard output where `file` is empty or "-".
void write_output(const std::string& file, const std::string& text);

// Returns the store's file: the given one, else the one in lab's state folder.
std::string store_path(const std::string& given);

}  // namespace lab::cli
