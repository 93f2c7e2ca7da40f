// SPDX-License-Identifier: MIT
#include "orchestrator/record/record.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

#include "orchestrator/record/site.hpp"

namespace lab::record {
namespace {

constexpr std::array<std::pair<Outcome, std::string_view>, 7> outcomes = {{
    {Outcome::passed, "passed"},
    {Outcome::failed, "failed"},
    {Outcome::regressed, "regressed"},
    {Outcome::guest_failed, "guest_failed"},
    {Outcome::timed_out, "timed_out"},
    {Outcome::infrastructure, "infrastructure"},
    {Outcome::incomplete, "incomplete"},
}};

struct Moment {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> time;
};

Moment split(std::chrono::system_clock::time_point point) {
  const auto day = std::chrono::floor<std::chrono::days>(point);
  return {std::chrono::year_month_day(day),
          std::chrono::hh_mm_ss(std::chrono::floor<std::chrono::milliseconds>(point - day))};
}

std::string format(std::chrono::system_clock::time_point point,
                   fmt::format_string<int, unsigned, unsigned, long, long, long, long> pattern) {
  const Moment moment = split(point);
  return fmt::format(pattern, int(moment.date.year()), unsigned(moment.date.month()),
                     unsigned(moment.date.day()), long(moment.time.hours().count()),
                     long(moment.time.minutes().count()), long(moment.time.seconds().count()),
                     long(moment.time.subseconds().count()));
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  return outcomes[std::size_t(outcome)].second;
}

std::optional<Outcome> parse_outcome(std::string_view text) {
  for (const auto& [outcome, name] : outcomes) {
    if (name == text) return outcome;
  }
  return std::nullopt;
}

std::span<const std::string_view> condition_order() {
  namespace c = condition;
  static constexpr std::array order = {c::site,
                                       c::emulated,
                                       c::vendor,
                                       c::cpu_model,
                                       c::nesting_depth,
                                       c::cpu_flags,
                                       c::microcode,
                                       c::host_kernel,
                                       c::outer_image,
                                       c::outer_kernel,
                                       c::kvm_source,
                                       c::outer_tsc,
                                       c::patch_version,
                                       c::module_parameters,
                                       c::causes,
                                       c::kvm_parameters,
                                       c::paging,
                                       c::layout,
                                       c::ksm,
                                       c::image,
                                       c::image_digest,
                                       c::guest_kernel,
                                       c::guest_kernel_file,
                                       c::guest_initrd_file,
                                       c::guests,
                                       c::vcpus,
                                       c::memory,
                                       c::huge_pages,
                                       c::machine,
                                       c::guest_cpu,
                                       c::clock,
                                       c::cmdline,
                                       c::devices,
                                       c::console,
                                       c::guest_qemu,
                                       c::libvirt,
                                       c::firmware,
                                       c::samples,
                                       c::emulator,
                                       c::host,
                                       c::node,
                                       c::exact,
                                       c::lab_version,
                                       c::start_time,
                                       c::repeat};
  return order;
}

bool is_only_told(std::string_view key) {
  return key == condition::lab_version;
}

std::string find_condition(const Conditions& conditions, std::string_view key) {
  const auto found = conditions.find(std::string(key));
  return found == conditions.end() ? "" : found->second;
}

std::optional<exits::Vendor> recorded_vendor(const Conditions& conditions) {
  return exits::parse_vendor(find_condition(conditions, condition::vendor));
}

bool is_emulated(const Conditions& conditions) {
  return find_condition(conditions, condition::emulated) == "true";
}

bool is_deterministic(const Conditions& conditions) {
  const Site* site = find_site(find_condition(conditions, condition::site));
  return conditions.contains(std::string(condition::exact)) || (site != nullptr && site->own_clock);
}

std::string make_id(std::chrono::system_clock::time_point start, std::uint32_t random) {
  return format(start, "{:04}{:02}{:02}T{:02}{:02}{:02}.{:03}Z") + fmt::format("-{:08x}", random);
}

std::string format_time(std::chrono::system_clock::time_point time) {
  return format(time, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z");
}

Step make_step(std::string name, exits::Vendor vendor, const exits::StepCounts& counts) {
  Step step;
  step.name = std::move(name);
  step.exits = counts.exits;
  step.cycles = counts.cycles;
  step.reader_exits = counts.reader_exits;
  step.clean = counts.clean;
  for (const exits::ReasonCount& reason : counts.reasons) {
    // Zero cycles mean that the fastpath entered again after each exit and timed nothing.
    const auto cycles = reason.cycles == 0 ? std::nullopt : reason.cycles;
    step.reasons.push_back({reason.number, exits::reason_name(vendor, reason.number),
                            std::string(to_string(exits::reason_category(vendor, reason.number))),
                            reason.exits, cycles});
  }
  std::ranges::stable_sort(step.reasons, std::greater(), &Reason::exits);
  return step;
}

Host make_host(exits::HostStats stats) {
  Host host{stats.scope, stats.total, stats.failed_entries, std::move(stats.reasons),
            std::move(stats.by_vcpu)};
  for (exits::HostReason& reason : host.reasons) {
    reason.latched = 0;
    reason.name = exits::reason_name(stats.vendor, reason.number);  // as in the steps
  }
  for (exits::HostVcpu& vcpu : host.vcpus) vcpu.reasons.clear();
  std::ranges::stable_sort(host.reasons, std::greater(), &exits::HostReason::exits);
  return host;
}

}  // namespace lab::record
