// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <set>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/record/expectations.hpp"
#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/site/provide.hpp"

namespace lab::cli {
namespace {

// Vendors without a reason that is expected of the trials: there they cannot pass.
std::string lacking(const std::vector<scenario::TrialPlan>& plans) {
  std::set<std::string> texts;
  for (const scenario::TrialPlan& plan : plans)
    for (const scenario::Expectation& expect : plan.expect)
      for (const exits::Vendor vendor : {exits::Vendor::vmx, exits::Vendor::svm})
        if (!record::has_reason(vendor, expect))
          texts.insert(fmt::format("{} has no '{}'", to_string(vendor), expect.reason));
  std::string result;
  for (const std::string& text : texts) result += (result.empty() ? "" : ", ") + text;
  return result;
}

std::string summary(const std::vector<scenario::TrialPlan>& plans) {
  const auto warmups = std::ranges::count(plans, true, &scenario::TrialPlan::warmup);
  const std::size_t trials = plans.size() - std::size_t(warmups);
  std::string text = fmt::format("ok, {} trial{}", trials, trials == 1 ? "" : "s");
  if (warmups > 0) text += fmt::format(" and {} warm-up{}", warmups, warmups == 1 ? "" : "s");
  const std::string vendors = lacking(plans);
  return vendors.empty() ? text : text + "; expect: " + vendors;
}

// Everything that can be known without a guest.
std::string check(const std::string& file, const base::Folders& folders) {
  const auto plans = scenario::expand(scenario::load(file));
  site::check_images(plans, folders);
  return summary(plans);
}

int validate(const std::vector<std::string>& files) {
  const base::Folders folders = base::find_folders();
  int worst = base::exit_ok;
  for (const std::string& file : files) {
    try {
      write_output("", fmt::format("{}: {}\n", report::printable(file), check(file, folders)));
    } catch (const base::Error& error) {
      std::string text = report::printable(error.what(), true);
      if (!text.starts_with(file)) text = fmt::format("{}: {}", report::printable(file), text);
      say(fmt::format("lab: error: {}\n", text));
      if (!error.hint().empty()) say(fmt::format("hint: {}\n", error.hint()));
      worst = std::max<int>(worst, base::exit_code(error.kind()));
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
