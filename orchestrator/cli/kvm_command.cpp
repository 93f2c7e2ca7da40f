// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/progress.hpp"
#include "orchestrator/kvm/build.hpp"
#include "orchestrator/kvm/kit.hpp"
#include "orchestrator/kvm/modules.hpp"

namespace lab::cli {
namespace {

struct Options {
  std::string kernel, modules;
  std::vector<std::string> parameters;
};

std::string running_release() {
  utsname system{};
  ::uname(&system);
  return system.release;
}

kvm::ModuleSet build_for(const base::Folders& folders, const std::optional<std::string>& release) {
  Progress progress(Progress::fitting());
  const auto line = [&](const std::string& text) { progress.phase("", text); };
  const auto patch = folders.share / "kvm-patch";
  const kvm::KernelKit kit = kvm::find_or_fetch_kit(folders.cache, patch, release, line);
  return kvm::build_modules(kit, patch, folders.cache, line);
}

int build(const Options& options) {
  const std::optional<std::string> release =
      options.kernel.empty() ? std::nullopt : std::optional(options.kernel);
  const kvm::ModuleSet modules = build_for(base::find_folders(), release);
  fmt::print("{} {} for {} ({})\n  {}\n", modules.built ? "built" : "found", modules.patch,
             modules.release, modules.version, modules.path.string());
  for (const auto& [step, seconds] : modules.seconds) fmt::print("  {}: {:.1f} s\n", step, seconds);
  return base::exit_ok;
}

kvm::Parameters parse_parameters(const std::vector<std::string>& words) {
  kvm::Parameters parameters;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw base::user_error("parameter '" + word + "': expected NAME=VALUE, such as npt=0");
    parameters[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return parameters;
}

int load(const Options& options) {
  const base::Folders folders = base::find_folders();
  const kvm::Parameters parameters = parse_parameters(options.parameters);
  kvm::ModuleSwap swap(folders.runtime);
  const kvm::ModuleSet modules = options.modules.empty() ? build_for(folders, running_release())
                                                         : kvm::open_modules(options.modules);
  swap.load(modules.path, parameters);
  swap.keep();
  fmt::print("loaded patched modules {}\n", modules.patch);
  return base::exit_ok;
}

int restore() {
  const base::Folders folders = base::find_folders();
  kvm::ModuleSwap swap(folders.runtime);
  swap.restore();
  fmt::print("the stock modules are loaded\n");
  return base::exit_ok;
}

int status() {
  const base::Folders folders = base::find_folders();
  const kvm::ModuleStatus status = kvm::module_status(folders.runtime);
  const bool built_in = !status.kvm_loaded && !status.parameters.empty();
  fmt::print("kvm: {}\n", built_in               ? "built into this kernel, so it cannot be swapped"
                          : !status.kvm_loaded   ? "not loaded"
                          : status.patch.empty() ? "stock"
                                                 : "patched, version " + status.patch);
  if (!status.vendor_module.empty()) fmt::print("vendor module: {}\n", status.vendor_module);
  if (!status.users.empty()) fmt::print("used by: {}\n", kvm::in_words(status.users));
  if (!status.held_by.empty()) fmt::print("held by: {}\n", status.held_by);
  for (const auto& [name, value] : status.parameters) fmt::print("  {}={}\n", name, value);
  return base::exit_ok;
}

int list() {
  const base::Folders folders = base::find_folders();
  for (const kvm::KernelKit& kit : kvm::list_kits(folders.cache))
    fmt::print("kernel  {}  {}\n", kit.release, kit.version);
  for (const kvm::ModuleSet& modules : kvm::list_modules(folders.cache))
    fmt::print("modules {}  {}\n", modules.release, modules.patch);
  return base::exit_ok;
}

}  // namespace

void add_kvm(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("kvm", "The patched kvm modules");
  command->require_subcommand(1);

  CLI::App* build_command = command->add_subcommand("build", "Build them for a kernel");
  build_command->add_option("--kernel", options->kernel,
                            "The kernel's release (default: the newest in the cache or in apt)");
  build_command->callback([&action, options] { action = [options] { return build(*options); }; });

  CLI::App* load_command =
      command->add_subcommand("load", "Swap this machine's modules for patched ones (root)");
  load_command->add_option(
      "parameters", options->parameters,
      "NAME=VALUE of kvm or its vendor module, e.g. exit_layout=ascending npt=0");
  load_command->add_option("--modules", options->modules,
                           "Folder of built modules (default: built for this kernel, or found)");
  load_command->callback([&action, options] { action = [options] { return load(*options); }; });

  command->add_subcommand("restore", "Put the stock modules back (root)")->callback([&action] {
    action = [] { return restore(); };
  });
  command->add_subcommand("status", "Which modules are loaded, and who uses them")
      ->callback([&action] { action = [] { return status(); }; });
  command->add_subcommand("list", "Kernels and modules in the cache")->callback([&action] {
    action = [] { return list(); };
  });
}

}  // namespace lab::cli
