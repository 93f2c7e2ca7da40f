// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/cli/commands.hpp"
#include "orchestrator/cli/option_values.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/kvm/modules/parameters.hpp"
#include "orchestrator/report/text.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::cli {
namespace {

struct KvmOptions {
  std::string kernel, modules, source, headers;
  std::vector<std::string> parameters;
  bool available = false;
};

kvm::ModuleSet build_for(const base::Folders& folders, const std::optional<std::string>& kernel) {
  terminal::Progress progress;
  const kvm::KernelKit kit =
      kvm::find_or_fetch_kit(folders.cache, folders.kvm_patch(), kernel, std::ref(progress));
  return kvm::build_modules(kit, folders.kvm_patch(), folders.cache, std::ref(progress));
}

kvm::ModuleSet build_tree(const base::Folders& folders, const kvm::KernelTree& tree) {
  terminal::Progress progress;
  return kvm::build_modules(tree, folders.kvm_patch(), folders.cache, std::ref(progress));
}

int build(const KvmOptions& options) {
  const base::Folders folders = base::find_folders();
  const std::optional<std::string> kernel =
      options.kernel.empty() ? std::nullopt : std::optional(read_kernel(options.kernel));
  const kvm::ModuleSet modules = options.source.empty()
                                     ? build_for(folders, kernel)
                                     : build_tree(folders, {options.source, options.headers});
  fmt::print("{} {} for {} ({})\n  {}\n", modules.built ? "built" : "found", modules.patch,
             modules.release, modules.version.empty() ? options.source : modules.version,
             modules.path.string());
  for (const auto& [step, seconds] : modules.seconds) fmt::print("  {}: {:.1f} s\n", step, seconds);
  if (!modules.warning.empty()) spdlog::warn("{}", modules.warning);
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

int load_modules(const KvmOptions& options) {
  const base::Folders folders = base::find_folders();
  const kvm::Parameters parameters = parse_parameters(options.parameters);
  kvm::refuse_leaves_of_encrypted_guests(parameters, [](const std::string& name) {
    return kvm::parameter(name == "tdx" ? "kvm_intel" : "kvm_amd", name);
  });
  if (!options.modules.empty() &&
      !std::filesystem::exists(std::filesystem::path(options.modules) / "build.json"))
    throw base::user_error("'" + options.modules + "' is no folder of built modules",
                           "lab kvm build prints the one that it made");
  kvm::ModuleSwap swap(folders.runtime);
  const kvm::ModuleSet modules = options.modules.empty()
                                     ? build_for(folders, base::running_kernel())
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
  fmt::print("{}\n", kvm::restored_in_words(kvm::module_status(folders.runtime)));
  return base::exit_ok;
}

int modules_status() {
  const base::Folders folders = base::find_folders(base::FolderUse::read);
  const kvm::ModuleStatus status = kvm::module_status(folders.runtime);
  fmt::print("kvm: {}\n", status.is_built_in()   ? "built into this kernel, so it cannot be swapped"
                          : !status.kvm_loaded   ? "not loaded"
                          : status.patch.empty() ? "stock"
                                                 : "patched, version " + status.patch);
  if (!status.vendor_module.empty()) fmt::print("vendor module: {}\n", status.vendor_module);
  if (!status.users.empty()) fmt::print("used by: {}\n", kvm::in_words(status.users));
  if (!status.held_by.empty()) fmt::print("held by: {}\n", status.held_by);
  for (const auto& [name, value] : status.parameters) fmt::print("  {}={}\n", name, value);
  return base::exit_ok;
}

// Returns which parts of a kernel are in the cache: "kit, modules", "kit", "modules" or "-".
std::string in_cache(const std::string& release, const std::vector<kvm::KernelKit>& kits,
                     const std::vector<kvm::ModuleSet>& modules, const std::string& patch) {
  const bool kit = std::ranges::count(kits, release, &kvm::KernelKit::release) > 0;
  const bool built = std::ranges::any_of(modules, [&](const kvm::ModuleSet& set) {
    return set.release == release && set.patch == patch && !set.version.empty();
  });
  return kit && built ? "kit, modules" : kit ? "kit" : built ? "modules" : "-";
}

int list_available(const base::Folders& folders) {
  terminal::Progress progress;
  const auto kernels = kvm::list_available(folders.cache, folders.kvm_patch(), std::ref(progress));
  progress.clear();
  const auto kits = kvm::list_kits(folders.cache);
  const auto modules = kvm::list_modules(folders.cache);
  const std::string patch = kvm::patch_version(folders.kvm_patch());
  std::vector<std::vector<std::string>> rows;
  for (const kvm::AvailableKernel& kernel : kernels)
    rows.push_back({kernel.release, kernel.version, kernel.suite,
                    in_cache(kernel.release, kits, modules, patch)});
  report::Columns columns({{.gap = 0}, {}, {.least = 8}, {}});
  for (const auto& row : rows) columns.measure(row);
  for (const auto& row : rows) fmt::print("{}\n", columns.line(row));
  return base::exit_ok;
}

int list_kernels(const KvmOptions& options) {
  if (options.available) return list_available(base::find_folders());
  const base::Folders folders = base::find_folders(base::FolderUse::read);
  for (const kvm::KernelKit& kit : kvm::list_kits(folders.cache))
    fmt::print("kernel  {}  {}  {}\n", kit.release, kit.version, kit.suite);
  for (const kvm::ModuleSet& modules : kvm::list_modules(folders.cache))
    fmt::print("modules {}  {}\n", modules.release, modules.patch);
  return base::exit_ok;
}

}  // namespace

void add_kvm(const Command& app) {
  const auto options = std::make_shared<KvmOptions>();
  const Command command = app.add_subcommand("kvm", "The patched kvm modules");
  command.require_subcommand();

  const Command build_command = command.add_subcommand("build", "Build them for a kernel");
  const Option kernel = build_command.add_option(
      "--kernel", options->kernel,
      "Release, series (6.12), suite (trixie), \"newest\" or a path (./linux); default: bookworm");
  const Option source = build_command.add_option(
      "--source", options->source, "A kernel's source of your own, with arch/x86/kvm and virt/kvm");
  const Option headers = build_command.add_option(
      "--headers", options->headers,
      "What make -C takes to build modules for it: configured, with Module.symvers");
  source.needs(headers).excludes(kernel);
  headers.needs(source);
  build_command.runs([options] { return build(*options); });

  const Command load_command =
      command.add_subcommand("load", "Swap this machine's modules for patched ones (root)");
  load_command.add_option(
      "parameters", options->parameters,
      "NAME=VALUE of kvm or its vendor module, e.g. exit_layout=ascending npt=0");
  load_command.add_option("--modules", options->modules,
                          "Folder of built modules (default: built for this kernel, or found)");
  load_command.runs([options] { return load_modules(*options); });

  command.add_subcommand("restore", "Put the stock modules back (root)").runs([] {
    return restore();
  });
  command.add_subcommand("status", "Which modules are loaded, and who uses them").runs([] {
    return modules_status();
  });
  const Command list_command = command.add_subcommand("list", "Kernels and modules in the cache");
  list_command.add_flag("--available", options->available,
                        "Kernels that can be built: release, version, suite, what the cache has");
  list_command.runs([options] { return list_kernels(*options); });
}

}  // namespace lab::cli
