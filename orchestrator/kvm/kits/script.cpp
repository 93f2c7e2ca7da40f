// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/script.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::kvm {
namespace {

// A kernel takes ten minutes on two idle cores, and more than an hour on busy ones. A build that
// was cut off begins anew, so the limit is only for one that hangs.
constexpr auto limit = std::chrono::hours(3);

// Returns the rest of the last line that contains `mark`; empty where none does.
std::string after_mark(const std::string& text, const std::string& mark) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

// Returns the last lines that apt marked as errors, each on its own line: they explain why a
// script's program failed.
std::string apt_words(const std::string& text) {
  constexpr std::size_t most = 3;
  std::vector<std::string> found;
  for (const std::string_view line : base::split_lines(text))
    if (line.starts_with("E: ")) found.push_back(fmt::format("\n  apt: {}", line.substr(3)));
  std::string words;
  for (std::size_t i = found.size() > most ? found.size() - most : 0; i < found.size(); ++i)
    words += found[i];
  return words;
}

[[noreturn]] void fail(const std::string& name, const base::Outcome& outcome) {
  if (outcome.timed_out)
    throw base::Error(base::ErrorKind::timed_out, "'" + name + "' did not end within " +
                                                      std::to_string(limit.count()) + " hours");
  const std::string message = after_mark(outcome.errors, name + ": error: ");
  const std::string hint = after_mark(outcome.errors, "hint: ");
  // The scripts' exit code 2 means the same as lab's: the caller's mistake.
  if (!message.empty() && outcome.exit_code == base::exit_usage)
    throw base::user_error(message, hint);
  constexpr int tree_is_at_fault = 1;
  if (!message.empty() && outcome.exit_code == tree_is_at_fault)
    throw TreeError(base::ErrorKind::infrastructure, message, hint);
  if (!message.empty())
    throw base::infrastructure_error(name + ": " + message + apt_words(outcome.errors), hint);
  throw base::infrastructure_error(name + " failed: " + last_line(outcome.errors), hint);
}

}  // namespace

std::string run_script(const std::vector<std::string>& argv, const Progress& progress) {
  // Reports the script's own lines, not all output of its programs.
  const auto own_lines = [&](const std::string& line) {
    if (progress && (line.starts_with("kernel kit: ") || line.starts_with("kvm modules: ")))
      progress(line);
  };
  const base::Outcome outcome =
      base::run({.argv = argv, .limit = limit, .on_line = own_lines, .contained = true});
  if (outcome.exit_code != 0) fail(std::filesystem::path(argv.at(0)).filename(), outcome);
  return outcome.output;
}

std::string last_line(std::string_view text) {
  text = base::trimmed_end(text);
  return std::string(text.substr(text.rfind('\n') + 1));
}

}  // namespace lab::kvm
