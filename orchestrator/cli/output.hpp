// SPDX-License-Identifier: MIT
// Options and rules that commands with results share: format, output file, colour, store.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "orchestrator/report/report.hpp"

namespace CLI {
class App;
}

namespace lab::cli {

// --format and -o.
void add_format_options(CLI::App& command, std::string& format, std::string& output);

// The same of a benchmark: table or json.
void add_bench_output(CLI::App& command, std::string& format, std::string& output);

report::Format wanted_format(const std::string& name);

// Of the terminal that the file descriptor is; 80 x 24 where it does not say.
struct TerminalSize {
  std::size_t columns = 80, lines = 24;
};
TerminalSize terminal_size(int fd);

// Colour only on a terminal and without NO_COLOR.
report::Style terminal_style();
report::Style style_for(const std::string& output);

// To the file (whole or not at all), or to standard output where it is empty or "-".
void write_output(const std::string& file, const std::string& text);

// To standard error; a closed or full one is no reason to stop.
void say(const std::string& text);

// The store's file: as given, else in lab's state folder.
std::string store_path(const std::string& given);

}  // namespace lab::cli
