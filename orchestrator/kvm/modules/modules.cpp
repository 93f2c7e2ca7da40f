// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/modules/modules.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/kvm/modules/refusal.hpp"
#include "orchestrator/kvm/modules/stock.hpp"

namespace lab::kvm {
namespace fs = std::filesystem;
namespace {

// Ending a VM and closing its last file take a moment.
constexpr double patience = 3.0;

// The module "kvm_amd" is in the file kvm-amd.ko.
fs::path module_file(const fs::path& folder, std::string name) {
  for (char& c : name)
    if (c == '_') c = '-';
  return folder / (name + ".ko");
}

// Both "name:description" and "name:type" declare a parameter.
void add_names(std::set<std::string>& names, const std::vector<std::string>& fields) {
  for (const std::string& field : fields) names.insert(field.substr(0, field.find(':')));
}

std::set<std::string> parameters_of_file(const fs::path& file) {
  std::set<std::string> names;
  add_names(names, Kmod::information(file, "parm"));
  add_names(names, Kmod::information(file, "parmtype"));
  return names;
}

std::string joined(const std::string& first, const std::string& second) {
  return first + (first.empty() || second.empty() ? "" : " ") + second;
}

bool is_vendor(const std::string& module) {
  return module == "kvm_amd" || module == "kvm_intel";
}

// Returns the modules that use this one, apart from the vendors' modules.
std::vector<std::string> foreign_holders(const std::string& module) {
  std::vector<std::string> names = holders(module);
  std::erase_if(names, is_vendor);
  return names;
}

// Returns the use count without the vendor module, which counts once.
int foreign_uses(const std::string& module) {
  const auto all = holders(module);
  return use_count(module) - static_cast<int>(std::ranges::count_if(all, is_vendor));
}

[[noreturn]] void in_use(const std::string& module) {
  const std::vector<KvmUser> users = kvm_users();
  if (!users.empty())
    throw base::infrastructure_error("kvm is in use by process " + in_words(users),
                                     "end these VMs first");
  const std::string what = "module '" + module + "' is in use (" +
                           std::to_string(foreign_uses(module)) +
                           " times) though no process that lab can see has /dev/kvm open";
  std::string by;
  for (const std::string& holder : foreign_holders(module)) by += (by.empty() ? "" : " ") + holder;
  if (!by.empty()) throw base::infrastructure_error(what + ": by module " + by, "rmmod " + by);
  if (is_vendor(module)) throw base::infrastructure_error(what, "end the VMs of other containers");
  // kvm.ko contains the trace events of both modules, so only tracing uses kvm.ko alone.
  const std::vector<KvmUser> tracing = perf_users();
  throw base::infrastructure_error(
      what + ": tracing of kvm's events holds it",
      tracing.empty() ? "empty set_event in /sys/kernel/tracing, or end perf in other containers"
                      : "end process " + in_words(tracing) + ", which has perf events open");
}

// Waits before anything is changed, so that a module in use costs no more than a message.
void wait_until_unused(const std::string& vendor) {
  Patience left(patience);
  for (const std::string& module : {vendor, std::string("kvm")})
    while (foreign_uses(module) > 0) {
      if (left.is_over()) in_use(module);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

// Removes both vendor modules, though the wrong one is loaded only if the machine changed under us.
// Starts again while one is left: udev, or a process opening /dev/kvm, may load them meanwhile.
void remove_all(const Kmod& kmod) {
  Patience for_removal(patience);
  for (;;) {
    std::string left;
    for (const char* module : {"kvm_amd", "kvm_intel", "kvm"})
      if (!kmod.remove(module) && left.empty()) left = module;
    if (left.empty()) return;
    if (for_removal.is_over()) in_use(left);
    // Does not stop on Ctrl-C, as it also puts the stock modules back after one.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// The patch reads fields of structures that modversions do not cover, so the modules must come from
// exactly the running kernel's source. A user's own kernel has no version to compare: this compares
// the vermagic with that of the kernel's own modules.
void check_vermagic(const ModuleSet& modules) {
  const Kmod kmod;
  if (kmod.file("kvm").empty()) return;
  const auto stock = kmod.read_information("kvm", "vermagic");
  const auto ours = Kmod::information(module_file(modules.path, "kvm"), "vermagic");
  if (stock != ours)
    throw base::infrastructure_error(
        "the modules in '" + modules.path.string() + "' are for '" + base::joined(ours) +
            "', the running kernel's are for '" + base::joined(stock) + "'",
        "lab kvm build --source DIR --headers /lib/modules/" + modules.release + "/build");
}

// Only the package version shows whether a module fits: CONFIG_MODVERSIONS is off in sid's kernel,
// and CRCs do not cover the structures that the patch reads anyway.
void check_version(const ModuleSet& modules) {
  if (modules.version.empty()) return check_vermagic(modules);
  const std::string running = debian_version(base::running_kernel_version());
  if (!running.empty() && running != modules.version)
    throw base::infrastructure_error("the modules in '" + modules.path.string() +
                                         "' are of version " + modules.version + ", here runs " +
                                         running,
                                     "boot the newest kernel, then lab kvm build");
}

void check_release(const ModuleSet& modules) {
  const std::string running = base::running_kernel();
  if (modules.release != running)
    throw base::infrastructure_error("the modules in '" + modules.path.string() +
                                         "' are for kernel " + modules.release + ", here runs " +
                                         running,
                                     "lab kvm build --kernel " + running);
  check_version(modules);
}

// Runs before the stock modules are removed.
void check_taken_unsigned(const ModuleSet& modules) {
  const auto refusal = unsigned_modules_refused();
  if (refusal && !is_signed(module_file(modules.path, "kvm")))
    throw base::infrastructure_error("the patched modules cannot be loaded: " + refusal->cause,
                                     refusal->hint);
}

void check_taken(const std::string& module, const Parameters& parameters) {
  for (const auto& [name, value] : parameters) {
    const std::string shown = parameter(module, name);
    if (!shown.empty() && !same_value(value, shown))
      throw base::infrastructure_error(
          "module '" + module + "' did not take " + name + "=" + value + ": it says " + shown,
          "the processor may lack what the parameter asks for");
  }
}

// Returns false where something else loaded a module first: udev does after a boot, and the kernel
// itself when a process opens /dev/kvm.
bool insert_both(const Kmod& kmod, const fs::path& modules, const std::string& vendor,
                 const SplitParameters& split) {
  const std::string options = joined(kmod.options("kvm"), options_text(split.kvm));
  if (!kmod.insert_file(module_file(modules, "kvm"), options)) return false;
  const std::string vendors = joined(kmod.options(vendor), options_text(split.vendor));
  return kmod.insert_file(module_file(modules, vendor), vendors);
}

// Patched modules are better than none, so they stay where no others could be loaded after them.
void put_stock_back(const fs::path& runtime, const ModuleState& state) {
  if (const auto refusal = container_refused())
    throw base::infrastructure_error(refusal->cause, refusal->hint);
  const bool patched = !parameter("kvm", "exit_stats").empty();
  const bool in_place = is_loaded(state.vendor_module);
  if (patched && in_place && state.stock_was_loaded)
    check_stock_can_come_back(runtime, state.vendor_module);
  if (patched || !in_place) remove_all(Kmod());
  if (state.stock_was_loaded) load_stock(runtime, state.vendor_module);
}

void forget(const fs::path& runtime) {
  remove_state(runtime);
  remove_stock(runtime);
}

// Returns the state to undo, even where its file cannot be read.
ModuleState state_or_guess(const fs::path& runtime) {
  try {
    if (const auto state = read_state(runtime)) return *state;
  } catch (const base::Error& error) {
    spdlog::warn("{}", error.what());
  }
  return {.vendor_module = vendor_module(machine_vendor())};
}

// Returns whether patched modules are loaded, or a lab recorded that it was about to load them.
bool are_swapped(const fs::path& runtime) {
  return fs::exists(runtime / "modules.json") || !parameter("kvm", "exit_stats").empty();
}

}  // namespace

std::string debian_version(const std::string& kernel_version) {
  static const std::string mark = " Debian ";
  const std::size_t at = kernel_version.find(mark);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + mark.size();
  return kernel_version.substr(begin, kernel_version.find(' ', begin) - begin);
}

SplitParameters split_by_modules(const fs::path& modules, exits::Vendor vendor,
                                 const Parameters& parameters) {
  const std::string module = vendor_module(vendor);
  if (!fs::exists(module_file(modules, module)))
    throw base::infrastructure_error(
        "the modules in '" + modules.string() + "' have no " + module +
            ", which this machine's processor needs",
        "build them from a kernel whose configuration has it as a module");
  return split_parameters(parameters, parameters_of_file(module_file(modules, "kvm")),
                          parameters_of_file(module_file(modules, module)));
}

ModuleSwap::ModuleSwap(const fs::path& runtime) : runtime_(runtime), lock_(runtime) {}

ModuleSwap::~ModuleSwap() {
  if (loaded_.empty() || kept_) return;
  try {
    restore();
  } catch (const base::Error& error) {
    spdlog::error("the stock kvm modules are not back: {}; hint: lab kvm restore", error.what());
  }
}

void ModuleSwap::load(const fs::path& modules, const Parameters& parameters) {
  if (loaded_ == modules && parameters_ == parameters) return;
  if (const auto refusal = swapping_refused())
    throw base::infrastructure_error(refusal->cause, refusal->hint);
  const ModuleSet set = open_modules(modules);
  check_release(set);
  check_taken_unsigned(set);
  const std::string vendor = vendor_module(machine_vendor());
  const SplitParameters split = split_by_modules(modules, machine_vendor(), parameters);
  wait_until_unused(vendor);
  const std::optional<ModuleState> before = read_state(runtime_);
  if (!before && is_loaded(vendor)) keep_stock(runtime_, vendor);
  write_state(runtime_, {.vendor_module = vendor,
                         .stock_was_loaded = before ? before->stock_was_loaded : is_loaded(vendor),
                         .patch = set.patch,
                         .parameters = parameters});
  loaded_ = modules;
  try {
    swap_in(modules, split);
  } catch (const base::Error&) {
    try {
      restore();
    } catch (const base::Error& error) {
      spdlog::error("the stock kvm modules are not back: {}", error.what());
    }
    throw;
  }
  parameters_ = parameters;
}

void ModuleSwap::adopt(const fs::path& modules) {
  const std::optional<ModuleState> state = read_state(runtime_);
  const std::string patch = open_modules(modules).patch;
  if (!state || !state->kept || state->patch != patch || parameter("kvm", "exit_stats") != patch)
    return;
  loaded_ = modules;
  parameters_ = state->parameters;
}

void ModuleSwap::swap_in(const fs::path& modules, const SplitParameters& split) {
  const Kmod kmod;
  const std::string vendor = vendor_module(machine_vendor());
  Patience for_others(patience);
  for (;;) {
    remove_all(kmod);
    kmod.load_dependencies("kvm", {});
    kmod.load_dependencies(vendor, {"kvm"});
    if (insert_both(kmod, modules, vendor, split)) break;
    if (for_others.is_over())
      throw base::infrastructure_error("something else keeps loading the stock kvm modules",
                                       "end what opens /dev/kvm");
  }
  check_taken("kvm", split.kvm);
  check_taken(vendor, split.vendor);
  if (parameter("kvm", "exit_stats") != open_modules(modules).patch)
    throw base::infrastructure_error("the loaded kvm module does not say that it is patched");
}

void ModuleSwap::restore() {
  if (!are_swapped(runtime_)) return;
  put_stock_back(runtime_, state_or_guess(runtime_));
  forget(runtime_);
  loaded_.clear();
  parameters_.clear();
}

void ModuleSwap::keep() {
  ModuleState state = state_or_guess(runtime_);
  state.kept = true;
  write_state(runtime_, state);
  kept_ = true;
}

bool recover_modules(const fs::path& runtime) {
  if (!fs::exists(runtime / "modules.json") || ::geteuid() != 0 || container_refused())
    return false;
  const std::optional<ModuleLock> lock = ModuleLock::try_take(runtime);
  if (!lock) return false;
  const ModuleState state = state_or_guess(runtime);
  if (state.kept) return false;
  put_stock_back(runtime, state);
  forget(runtime);
  return true;
}

Parameters parameters_in_force() {
  Parameters parameters;
  for (const std::string module : {"kvm", "kvm_amd", "kvm_intel"}) {
    std::error_code none;
    for (const auto& entry :
         fs::directory_iterator("/sys/module/" + module + "/parameters", none)) {
      const std::string name = entry.path().filename();
      parameters[name] = parameter(module, name);
    }
  }
  return parameters;
}

ModuleStatus module_status(const fs::path& runtime) {
  ModuleStatus status{.kvm_loaded = is_loaded("kvm"),
                      .patch = parameter("kvm", "exit_stats"),
                      .parameters = parameters_in_force(),
                      .users = kvm_users(),
                      .held_by = ModuleLock::holder(runtime)};
  for (const char* module : {"kvm_amd", "kvm_intel"})
    if (is_loaded(module)) status.vendor_module = module;
  return status;
}

std::string restored_in_words(const ModuleStatus& status) {
  if (status.is_built_in()) return "kvm is built into this kernel: nothing was swapped";
  if (!status.kvm_loaded) return "no kvm modules are loaded, as before";
  return status.vendor_module.empty() ? "the stock module kvm is loaded, without a vendor's module"
                                      : "the stock modules are loaded";
}

}  // namespace lab::kvm
