// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/run/probe.hpp"

namespace lab::cli {
namespace {

void print(const run::Finding& finding, bool colour) {
  const char* mark = finding.ok ? "yes" : "no";
  const char* shade = finding.ok ? "\x1b[32m" : "\x1b[31m";
  fmt::print("{}{:>4}{}  {}: {}\n", colour ? shade : "", mark, colour ? "\x1b[0m" : "",
             finding.name, report::printable(finding.detail));
  if (!finding.ok && !finding.remedy.empty()) fmt::print("      mend it: {}\n", finding.remedy);
}

int doctor() {
  const base::Folders folders = base::find_folders();
  const bool colour = terminal::terminal_style().colour;
  const std::vector<run::Finding> found = run::examine(folders);
  for (const run::Finding& finding : found) print(finding, colour);
  const run::Choice choice = run::choose_site(found);
  if (choice.site == nullptr) {
    fmt::print("\n--on auto: no site works here ({})\n", choice.reason);
    return base::exit_infrastructure;
  }
  fmt::print("\n--on auto takes {} ({})\n", choice.site->name, choice.reason);
  return base::exit_ok;
}

}  // namespace

void add_doctor(const Command& app) {
  const Command command = app.add_subcommand(
      "doctor", "What works on this machine, what doesn't, and the command that mends it");
  command.runs([] { return doctor(); });
}

}  // namespace lab::cli
