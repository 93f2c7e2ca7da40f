// SPDX-License-Identifier: MIT
#include "orchestrator/inside/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "orchestrator/base/machine/this_machine.hpp"
#include "orchestrator/guest/libvirt/software.hpp"
#include "orchestrator/inside/machine/machine_clock.hpp"
#include "orchestrator/inside/version.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/modules/modules.hpp"

namespace lab::inside {
namespace {

namespace condition = record::condition;

// Leaves unknown values absent.
void set(record::Conditions& conditions, std::string_view key, const std::string& value) {
  if (!value.empty()) conditions[std::string(key)] = value;
}

// Describes what is fixed, by outer/job_layout or by the site itself.
std::string exact_in_words(const Site& site) {
  const std::string both = "clock by instructions, one outer CPU, the same random numbers";
  return site.own_clock ? both : both + ", disks in memory, the same state";
}

std::string in_words(const kvm::Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text;
}

// Returns the other parameters in force: the modules' defaults, and those in the user's
// configuration.
kvm::Parameters others(const kvm::Parameters& set) {
  kvm::Parameters parameters = kvm::parameters_in_force();
  parameters.erase("exit_stats");   // the patch's version
  parameters.erase("exit_causes");  // a separate condition
  for (const auto& [name, value] : set) parameters.erase(name);
  for (auto& [name, value] : parameters) std::ranges::replace(value, ' ', ',');
  return parameters;
}

}  // namespace

record::Conditions machine_conditions(const Job& job) {
  record::Conditions conditions;
  set(conditions, condition::site, std::string(job.site->name));
  set(conditions, condition::emulated, job.site->emulated ? "true" : "false");
  // Counts the levels of virtualization below the guest that this lab knows: its own, and that of a
  // VM in which it runs.
  set(conditions, condition::nesting_depth, base::cpu_has("hypervisor") ? "2" : "1");
  set(conditions, condition::vendor, std::string(exits::to_string(kvm::machine_vendor())));
  set(conditions, condition::cpu_model, base::cpu_field("model name"));
  set(conditions, condition::cpu_flags, base::cpu_field("flags"));
  set(conditions, condition::microcode, base::cpu_field("microcode"));
  set(conditions, condition::outer_kernel, base::running_kernel());
  set(conditions, condition::kvm_source, kvm::open_modules(job.modules).source);
  // For outer VMs these are added outside (outer/outside_conditions).
  if (job.site->machine == Site::Machine::here) {
    set(conditions, condition::lab_version, version());
    set(conditions, condition::host, base::this_host());
  }
  if (job.site->own_clock) {
    const ClockSpeed speed = measure_clock();
    check_clock(speed);
    set(conditions, condition::outer_tsc, fmt::format("{:.0f} MHz", speed.tsc_mhz));
  }
  return conditions;
}

record::Conditions software_conditions(virConnect* connection) {
  const guest::Software software = guest::software(connection);
  record::Conditions conditions;
  set(conditions, condition::guest_qemu, software.qemu);
  set(conditions, condition::libvirt, software.libvirt);
  set(conditions, condition::firmware, software.firmware);
  return conditions;
}

record::Conditions trial_conditions(const scenario::TrialPlan& plan,
                                    const kvm::Parameters& parameters, const Site& site) {
  record::Conditions conditions;
  kvm::Parameters set_by_lab = parameters;
  if (set_by_lab.erase("exit_causes") > 0)
    set(conditions, condition::causes, fmt::format("{} entries", plan.settings.causes));
  set(conditions, condition::module_parameters, in_words(set_by_lab));
  set(conditions, condition::kvm_parameters, in_words(others(set_by_lab)));
  if (plan.settings.exact == scenario::Exact::always)
    set(conditions, condition::exact, exact_in_words(site));
  return conditions;
}

}  // namespace lab::inside
