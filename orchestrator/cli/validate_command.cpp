// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {
namespace {

int validate(const std::vector<std::string>& files) {
  int worst = base::exit_ok;
  for (const std::string& file : files) {
    try {
      const auto plans = scenario::expand(scenario::load(file));
      fmt::print("{}: ok, {} trial{}\n", file, plans.size(), plans.size() == 1 ? "" : "s");
    } catch (const base::Error& error) {
      fmt::print(stderr, "lab: error: {}\n", error.what());
      if (!error.hint().empty()) fmt::print(stderr, "hint: {}\n", error.hint());
      worst = base::exit_code(error.kind());
    }
  }
  return worst;
}

}  // namespace

void add_validate(CLI::App& app, Action& action) {
  const auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("validate", "Check scenario files without running them");
  command->add_option("scenario", *files, "Scenario files")->required();
  command->callback([&action, files] { action = [files] { return validate(*files); }; });
}

}  // namespace lab::cli
