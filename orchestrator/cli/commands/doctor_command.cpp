// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "orchestrator/base/error.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/run/doctor/probe.hpp"

namespace lab::cli {
namespace {

void print(const run::Finding& finding, const report::Style& style) {
  const std::string mark =
      finding.ok ? ink(style, report::Ink::green, "yes") : ink(style, report::Ink::red, "no");
  static const report::Columns columns({{report::on_right, 4, 0}, {}});
  fmt::print("{}\n", columns.line({mark, finding.name + ": " + report::printable(finding.detail)}));
  if (!finding.ok && !finding.remedy.empty()) fmt::print("      mend it: {}\n", finding.remedy);
}

int doctor() {
  const base::Folders folders = base::find_folders();
  const report::Style style = terminal::terminal_style();
  const std::vector<run::Finding> found = run::examine(folders);
  for (const run::Finding& finding : found) print(finding, style);
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
