// SPDX-License-Identifier: MIT
#include "orchestrator/cli/lab.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/run/cleanup/leftovers.hpp"

namespace lab::cli {
namespace {

// Clears what killed labs left; only warns of a failure, as the command may not need this.
void clear_what_was_left() {
  try {
    run::clear_leftovers(base::find_folders(base::FolderUse::read));
  } catch (const base::Error& error) {
    spdlog::warn("cannot clear what a killed lab left: {}", error.what());
  }
}

int run_command(int argc, const char* const* argv, const std::string& program) {
  Parser parser("lab", "Counts the VM exits of a guest: how many, of which kinds, at what cost.");
  parser.set_version("lab " + inside::version());
  parser.add_switch(
      "-v,--verbose", [] { spdlog::set_level(spdlog::level::debug); },
      "Say more on standard error");
  const std::vector<std::function<void(const Command&)>> commands = {
      add_run,     add_top,
      add_results, add_compare,
      add_causes,  add_baseline,
      add_check,   add_try,
      add_bisect,  [&](const Command& app) { add_nightly(app, program); },
      add_report,  add_validate,
      add_doctor,  add_kvm,
      add_image,   add_clean,
      add_outer,   add_provide,
      add_lane,    add_bench,
      add_help,    add_vmm,
      add_job};
  for (const auto& add : commands) add(parser.top());
  try {
    if (!parser.parse(argc, argv)) return parser.exit_code();
    constexpr const char* only_read[] = {"job", "vmm", "validate", "help", "completion", "man"};
    if (std::ranges::none_of(only_read, [&](const char* name) { return parser.chosen(name); }))
      clear_what_was_left();
    return parser.action();
  } catch (const base::Error& error) {
    say_error(error.what(), error.hint());
    return base::exit_code(error.kind());
  } catch (const std::exception& error) {
    fmt::print(stderr, "lab: error: {}\n", error.what());
    return base::exit_infrastructure;
  }
}

// Wrong usage is wrong for each commit, but from 1 to 127 git takes an exit code for the commit's.
constexpr int git_bisect_gives_up = 128;

}  // namespace

int run_lab(int argc, const char* const* argv, const std::string& program) {
  const int code = run_command(argc, argv, program);
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  const auto command =
      std::ranges::find_if(words, [](auto word) { return !word.starts_with('-'); });
  const bool for_git = command != words.end() && *command == "check" &&
                       std::ranges::find(words, "--bisect") != words.end();
  return for_git && code == base::exit_usage ? git_bisect_gives_up : code;
}

}  // namespace lab::cli
