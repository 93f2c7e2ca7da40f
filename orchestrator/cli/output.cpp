// SPDX-License-Identifier: MIT
#include "orchestrator/cli/output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::cli {

void add_output(const Command& command, std::string& output) {
  command.add_option("-o,--output", output, "Write to this file instead of standard output");
}

void add_format_options(const Command& command, std::string& format, std::string& output) {
  command.add_option("--format", format, "Which form")
      .type_name("FORMAT:{" + report::format_names(",") + "}")
      .shows_default();
  add_output(command, output);
}

void add_bench_output(const Command& command, std::string& format, std::string& output) {
  command.add_option("--format", format, "table or json").one_of({"table", "json"}).shows_default();
  add_output(command, output);
}

void say_error(const std::string& text, const std::string& hint) {
  say(fmt::format("lab: error: {}\n", report::printable(text, true)));
  if (!hint.empty()) say(fmt::format("hint: {}\n", report::printable(hint)));
}

report::Format wanted_format(const std::string& name) {
  if (const auto format = report::parse_format(name)) return *format;
  throw base::user_error("--format '" + name + "': one of " + report::format_names(", "));
}

report::Style style_for(const std::string& output) {
  return output.empty() || output == "-" ? terminal::terminal_style() : report::Style{};
}

void write_output(const std::string& file, const std::string& text) {
  if (file.empty() || file == "-") {
    base::write_all(STDOUT_FILENO, text, "standard output");
  } else if (std::filesystem::exists(file) && !std::filesystem::is_regular_file(file)) {
    const base::Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));  // a pipe or a device
    if (!fd) throw base::errno_error("open", file, errno);
    base::write_all(fd.get(), text, file);
  } else {
    base::write_file(std::filesystem::weakly_canonical(file), text);
  }
}

std::string store_path(const std::string& given) {
  return given.empty()
             ? (base::find_folders(base::FolderUse::read).state / "results.sqlite").string()
             : given;
}

}  // namespace lab::cli
