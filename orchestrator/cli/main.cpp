// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/interrupt.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/report/report.hpp"
#include "orchestrator/run/sweep.hpp"

namespace {

void set_up_log() {
  const auto logger = std::getenv("NO_COLOR") == nullptr ? spdlog::stderr_color_mt("lab")
                                                         : spdlog::stderr_logger_mt("lab");
  logger->set_pattern("lab: %^%l%$: %v");
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::warn);
}

// Of labs that were killed. That it cannot be cleared is said, and may not be what is asked for.
void clear_what_was_left() {
  try {
    lab::run::sweep(lab::base::find_folders());
  } catch (const lab::base::Error& error) {
    spdlog::warn("cannot clear what a killed lab left: {}", error.what());
  }
}

int report(const lab::base::Error& error) {
  lab::cli::say(fmt::format("lab: error: {}\n", lab::report::printable(error.what(), true)));
  if (!error.hint().empty())
    lab::cli::say(fmt::format("hint: {}\n", lab::report::printable(error.hint())));
  return lab::base::exit_code(error.kind());
}

}  // namespace

int main(int argc, char** argv) {
  lab::base::catch_interrupts();
  set_up_log();
  CLI::App app{"Counts the VM exits of a guest: how many, of which kinds, at what cost.", "lab"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "lab " LAB_VERSION);
  app.add_flag_callback(
      "-v,--verbose", [] { spdlog::set_level(spdlog::level::debug); },
      "Say more on standard error");
  lab::cli::Action action;
  for (const auto add :
       {lab::cli::add_run, lab::cli::add_top, lab::cli::add_results, lab::cli::add_compare,
        lab::cli::add_baseline, lab::cli::add_check, lab::cli::add_report, lab::cli::add_validate,
        lab::cli::add_doctor, lab::cli::add_kvm, lab::cli::add_image, lab::cli::add_outer,
        lab::cli::add_bench, lab::cli::add_help, lab::cli::add_vmm, lab::cli::add_job})
    add(app, action);
  try {
    app.parse(argc, argv);
    constexpr const char* only_read[] = {"job", "vmm", "validate", "help", "completion", "man"};
    if (std::ranges::none_of(only_read, [&](const char* name) { return app.got_subcommand(name); }))
      clear_what_was_left();
    return action();
  } catch (const CLI::RequiredError& error) {
    const std::string word = argc > 1 ? argv[argc - 1] : "";
    if (app.get_subcommands().empty() && !word.empty())
      fmt::print(stderr, "lab: error: unknown command '{}'\n", word);
    app.exit(error);
    return lab::base::exit_usage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : lab::base::exit_usage;
  } catch (const lab::base::Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lab: error: {}\n", error.what());
    return lab::base::exit_infrastructure;
  }
}
