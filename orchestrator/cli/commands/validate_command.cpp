// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "orchestrator/base/counted.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/check/planning.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/trials/selection.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/record/expectations.hpp"
#include "orchestrator/run/artifacts/artifacts.hpp"
#include "orchestrator/run/artifacts/own_emulator.hpp"
#include "orchestrator/run/checks.hpp"
#include "orchestrator/run/outer_jobs.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::cli {
namespace {

using Plans = std::vector<scenario::TrialPlan>;

// Lists vendors that lack a reason which the scenario expects: trials are refused there.
std::string lacking(const scenario::Scenario& scenario) {
  std::set<std::string> texts;
  const auto look = [&](const std::string& reason, bool category) {
    for (const exits::Vendor vendor : {exits::Vendor::vmx, exits::Vendor::svm})
      if (!category && !record::has_reason(vendor, {.reason = reason}))
        texts.insert(fmt::format("{} has no '{}'", to_string(vendor), reason));
  };
  for (const auto& expect : scenario.expect) look(expect.reason, expect.category.has_value());
  for (const auto& relation : scenario.relations)
    look(relation.reason, relation.category.has_value());
  return texts.empty() ? "" : fmt::format("; expect: {}", fmt::join(texts, ", "));
}

std::string summary(const Plans& plans) {
  const auto warmups = std::ranges::count(plans, true, &scenario::TrialPlan::warmup);
  const std::size_t trials = plans.size() - std::size_t(warmups);
  std::string text = "ok, " + base::counted(trials, "trial");
  if (warmups > 0) text += " and " + base::counted(warmups, "warm-up");
  return text;
}

// Checks parameters against the modules that are built: some kernel's, of either vendor, must know
// them. Returns what could not be checked.
std::string check_parameters(const Plans& plans, const base::Folders& folders) {
  if (std::ranges::all_of(plans, [](const auto& plan) { return plan.settings.parameters.empty(); }))
    return "";
  std::optional<base::Error> refusal;
  for (const kvm::ModuleSet& modules : kvm::list_modules(folders.cache)) {
    for (const exits::Vendor vendor : {exits::Vendor::svm, exits::Vendor::vmx}) {
      try {
        run::check_parameters(plans, modules.path, vendor);
        return "";
      } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::user) throw;
        if (!refusal) refusal = error;
      }
    }
  }
  if (refusal) throw base::Error(*refusal);
  return "; module parameters not checked: no modules are built yet (lab kvm build)";
}

// Checks settings by what libvirt knows of CPU models; returns what could not be checked.
std::string check_settings(const Plans& plans) {
  const auto plain = [](const scenario::TrialPlan& plan) {
    const scenario::Settings& settings = plan.settings;
    return settings.cpu_model.empty() && settings.cpu_features.empty() && !settings.huge_pages;
  };
  if (std::ranges::all_of(plans, plain)) return "";
  try {
    run::check_settings(plans);
    return "";
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::infrastructure) throw;
    return fmt::format("; CPU model not checked: {}", report::printable(error.what()));
  }
}

// Takes each image to have a disk: lab knows that only once the image is made.
void check_steps(const Plans& plans) {
  std::map<std::string, trial::GuestImage> images;
  for (const scenario::TrialPlan& plan : plans)
    images.try_emplace(inside::image_key(plan), trial::GuestImage{.disk = "its disk"});
  run::check_steps(plans, images);
}

// Leaves out firmware that only runs need and whose package this machine lacks, as the scenario is
// still valid. Returns what it left out.
std::string leave_out_firmware(Plans& plans) {
  std::set<std::string> left_out;
  for (scenario::TrialPlan& plan : plans) {
    std::string& file = plan.settings.guest_firmware;
    const std::string package = run::missing_firmware_package(file);
    if (package.empty()) continue;
    left_out.insert(
        fmt::format("; guest.firmware '{}' not checked: it is not on this machine "
                    "(apt-get install {})",
                    report::printable(file), package));
    file.clear();
  }
  return fmt::format("{}", fmt::join(left_out, ""));
}

// Checks everything that can be known without a guest.
std::string check(const std::string& file, const base::Folders& folders) {
  const scenario::Scenario scenario = scenario::load(scenario_file(file));
  Plans plans = scenario::expand(scenario);
  const std::string no_firmware = leave_out_firmware(plans);
  run::check_images(plans, folders);
  check_steps(plans);
  const std::string unknown =
      no_firmware + check_settings(plans) + check_parameters(plans, folders);
  const std::string more = scenario.repeat_auto
                               ? fmt::format(" (repeat: auto; {} of each cell where counts vary)",
                                             check::fewest_new_trials)
                               : "";
  return summary(plans) + more + lacking(scenario) + unknown;
}

int validate(const std::vector<std::string>& files) {
  const base::Folders folders = base::find_folders(base::FolderUse::read);
  base::ExitCode worst = base::exit_ok;
  for (const std::string& file : files) {
    try {
      write_output("", fmt::format("{}: {}\n", report::printable(file), check(file, folders)));
    } catch (const base::Error& error) {
      const std::string text = error.what();
      say_error(text.starts_with(file) ? text : file + ": " + text, error.hint());
      worst = worse(worst, base::exit_code(error.kind()));
    }
  }
  return worst;
}

}  // namespace

void add_validate(const Command& app) {
  const auto files = std::make_shared<std::vector<std::string>>();
  const Command command =
      app.add_subcommand("validate", "Check scenario files without running them");
  command.add_option("scenario", *files, scenario_help).required();
  command.runs([files] { return validate(*files); });
}

}  // namespace lab::cli
