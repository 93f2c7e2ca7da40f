// SPDX-License-Identifier: MIT
#include "orchestrator/run/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "orchestrator/base/error.hpp"
#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/libvirt/cpu.hpp"
#include "orchestrator/inside/job.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/outer/machine/back_end.hpp"

namespace lab::run {
namespace fs = std::filesystem;
namespace {

using scenario::TrialPlan;

std::string named(const TrialPlan& plan) {
  return fmt::format("scenario '{}', trial '{}': ", plan.scenario, plan.name);
}

// Puts the trial's name before an error of any function.
template <typename Check>
void about(const TrialPlan& plan, Check&& check) {
  try {
    check();
  } catch (const base::Error& error) {
    throw base::Error(error.kind(), named(plan) + error.what(), error.hint());
  }
}

// Returns "" where both vendors lack the reason: the loader has reported that already.
std::string remedy(const std::string& reason, exits::Vendor vendor) {
  const exits::Vendor other =
      vendor == exits::Vendor::svm ? exits::Vendor::vmx : exits::Vendor::svm;
  const auto number = exits::parse_reason(other, reason);
  if (!number) return "";
  return fmt::format("say 'category: {}', which both vendors have, instead of 'reason: {}'",
                     exits::to_string(exits::reason_category(other, *number)), reason);
}

void check_reason(const std::string& step, const std::string& reason, exits::Vendor vendor) {
  if (reason.empty() || reason == "total") return;
  const auto number = exits::parse_reason(vendor, reason);
  if (number && exits::find_reason(vendor, *number) != nullptr) return;
  throw base::user_error(
      fmt::format("the expectation of step '{}' names exit reason '{}', which the site's "
                  "processor ({}) lacks",
                  step, reason, exits::to_string(vendor)),
      remedy(reason, vendor));
}

bool saves(const TrialPlan& plan) {
  return std::ranges::any_of(plan.steps, [](const scenario::Step& step) {
    return step.kind == scenario::Step::Kind::host &&
           step.host.kind == scenario::HostAction::Kind::save_restore;
  });
}

}  // namespace

exits::Vendor site_vendor(const Site& site) {
  return site.vendor ? *site.vendor : kvm::machine_vendor();
}

void check_reasons(const std::vector<TrialPlan>& plans, exits::Vendor vendor) {
  for (const TrialPlan& plan : plans)
    for (const scenario::Expectation& expect : plan.expect)
      about(plan, [&] { check_reason(expect.step, expect.reason, vendor); });
}

void check_reasons(std::span<const scenario::Relation> relations, exits::Vendor vendor) {
  for (const scenario::Relation& relation : relations)
    check_reason(relation.step, relation.reason, vendor);
}

std::vector<TrialPlan> decide_exact(std::vector<TrialPlan> plans, const Site& site) {
  const bool possible = site.own_clock || (site.can_be_exact && outer::find_emulator(site));
  for (TrialPlan& plan : plans)
    if (plan.settings.exact == scenario::Exact::where_possible)
      plan.settings.exact = possible ? scenario::Exact::always : scenario::Exact::never;
  return plans;
}

void check_exact(const std::vector<TrialPlan>& plans, const Site& site) {
  for (const TrialPlan& plan : plans) {
    if (plan.settings.exact != scenario::Exact::always) continue;
    if (!site.can_be_exact)
      throw base::user_error(named(plan) + "exact counts are for emulated sites, not for '" +
                                 std::string(site.name) + "': a processor's time is never the same",
                             "--on svm");
    if (site.own_clock) continue;  // always exact
    if (!outer::find_emulator(site))
      throw base::infrastructure_error(
          "exact counts on site svm need lab's own QEMU, which is not there",
          std::string(outer::build_emulator) + "; or --on vmx");
  }
}

bool reads_shadow_tables(std::string_view emulator) {
  constexpr std::string_view name = "QEMU ";
  if (!emulator.starts_with(name)) return false;
  const char *end = emulator.data() + emulator.size(), *at = emulator.data() + name.size();
  unsigned major = 0, minor = 0;
  at = std::from_chars(at, end, major).ptr;
  if (at != end) std::from_chars(at + 1, end, minor);
  return std::pair(major, minor) >= std::pair(9u, 2u);
}

void check_paging(const std::vector<TrialPlan>& plans, const Site& site) {
  const auto shadow = std::ranges::find_if(plans, [](const TrialPlan& plan) {
    return plan.settings.paging == scenario::Paging::shadow;
  });
  if (shadow == plans.end() || !site.emulated || outer::find_emulator(site)) return;
  const std::string emulator = outer::back_end(site).packaged_version();
  if (reads_shadow_tables(emulator))
    throw base::infrastructure_error(
        named(*shadow) + "guests with shadow paging die in an outer VM of this machine's " +
            emulator + ", and lab's own QEMU is not there",
        std::string(outer::build_emulator) + "; or --on vmx");
}

void check_machines(const std::vector<TrialPlan>& plans, const Site& site) {
  for (const TrialPlan& plan : plans) {
    const scenario::Settings& settings = plan.settings;
    const bool other = settings.processor != scenario::Processor::haswell;
    if (other && !site.has_processors)
      throw base::user_error(
          named(plan) + "kvm.processor is for site vmx, not for '" + std::string(site.name) + "'",
          "--on vmx, or leave it out");
    if (site.machine == Site::Machine::here) continue;
    const outer::BackEnd& machines = outer::back_end(site);
    const std::uint64_t memory_mib =
        machines.size_for_guests(settings.guests, 1, settings.memory >> 20).memory_mib;
    if ((other || memory_mib > machines.most_packaged_mib) && !outer::find_emulator(site))
      throw base::infrastructure_error(
          named(plan) +
              fmt::format("lab's own Bochs is not there, and this machine's has a haswell and {} "
                          "MiB at most",
                          machines.most_packaged_mib),
          outer::build_emulator);
  }
}

void check_settings(const std::vector<TrialPlan>& plans) {
  const guest::ConnectionPtr connection = guest::connect(guest::default_uri());
  std::set<std::pair<std::string, std::vector<std::string>>> known;
  for (const TrialPlan& plan : plans) {
    const scenario::Settings& settings = plan.settings;
    if (settings.huge_pages && settings.memory % (2ull << 20) != 0)
      throw base::user_error(
          named(plan) + fmt::format("guest.memory of {} MiB cannot lie in huge pages of 2 MiB",
                                    settings.memory >> 20),
          "an even number of MiB");
    if (!known.emplace(settings.cpu_model, settings.cpu_features).second) continue;
    about(plan,
          [&] { guest::check_cpu(connection.get(), settings.cpu_model, settings.cpu_features); });
  }
}

void check_parameters(const std::vector<TrialPlan>& plans, const fs::path& modules,
                      exits::Vendor vendor) {
  std::set<kvm::Parameters> known;
  for (const TrialPlan& plan : plans)
    if (known.insert(plan.settings.parameters).second)
      about(plan, [&] { kvm::split_by_modules(modules, vendor, plan.settings.parameters); });
}

void check_steps(const std::vector<TrialPlan>& plans,
                 const std::map<std::string, trial::GuestImage>& images) {
  for (const TrialPlan& plan : plans) {
    if (!saves(plan)) continue;
    const scenario::Settings& settings = plan.settings;
    const bool has_disk = !images.at(inside::image_key(plan)).disk.empty();
    if (!has_disk && settings.scratch_size == 0)
      throw base::user_error(named(plan) +
                                 "save-restore needs a disk to save the guest into, and image '" +
                                 settings.image + "' has none",
                             "give the guest one: guest: {scratch: {size: 512 MiB}}");
    if ((has_disk && settings.disk_bus == scenario::DiskBus::nvme) ||
        (settings.scratch_size != 0 && settings.scratch_bus == scenario::DiskBus::nvme))
      throw base::user_error(named(plan) + "save-restore: QEMU cannot save an NVMe disk",
                             "another bus: virtio, scsi or sata");
    if (std::ranges::find(settings.cpu_features, "+invtsc") != settings.cpu_features.end())
      throw base::user_error(named(plan) + "save-restore: QEMU cannot save a guest with +invtsc",
                             "leave it out of guest.cpu.features");
  }
}

}  // namespace lab::run
