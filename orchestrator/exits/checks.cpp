// SPDX-License-Identifier: MIT
#include "orchestrator/exits/checks.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>

namespace lab::exits {
namespace {

constexpr std::size_t differences_shown = 8;

std::uint64_t sum(const std::vector<ReasonCount>& reasons) {
  std::uint64_t result = 0;
  for (const ReasonCount& reason : reasons) result += reason.exits;
  return result;
}

// Exits that may be counted on one side only: vCPUs that run while another one's are read.
std::uint64_t in_flight(std::uint32_t vcpus) {
  return vcpus > 1 ? 2 * (std::uint64_t{vcpus} - 1) : 0;
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return std::min<std::uint32_t>(wrapped(a - b), wrapped(b - a));
}

std::string allowed_text(std::uint64_t allowed) {
  return allowed == 0 ? "" : fmt::format("; may differ by {}: other vCPUs ran meanwhile", allowed);
}

Check sum_check(std::string name, const std::vector<ReasonCount>& reasons, std::uint64_t total,
                bool exact, std::uint64_t disturbed, std::uint32_t vcpus) {
  // Modulo 2^32 because the guest's counts are where nothing made them whole.
  const std::uint64_t left = sum(reasons);
  const std::uint64_t allowed = vcpus > 1 ? disturbed + in_flight(vcpus) : 0;
  Check check{std::move(name), (exact || vcpus > 1) && distance(left, total) <= allowed, left,
              total, "sum of the reasons; total" + allowed_text(allowed)};
  if (!exact) check.detail += "; a snapshot was not clean: other exits came between its reads";
  return check;
}

// number -> guest's count, host's count
using Sides = std::map<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>>;

Sides both_sides(const Counts& guest, const Counts& host) {
  Sides sides;
  for (const ReasonCount& reason : guest.reasons)
    sides[reason.number].first = wrapped(reason.exits);
  for (const ReasonCount& reason : host.reasons)
    sides[reason.number].second = wrapped(reason.exits);
  return sides;
}

std::string describe_differences(const Sides& sides, Vendor vendor) {
  std::string text;
  std::size_t count = 0;
  for (const auto& [number, side] : sides) {
    if (side.first == side.second || ++count > differences_shown) continue;
    text += fmt::format("; {} ({}): guest {}, host {}", reason_name(vendor, number), number,
                        side.first, side.second);
  }
  if (count > differences_shown) text += fmt::format("; and {} more", count - differences_shown);
  return text;
}

}  // namespace

Check check_sum(std::string name, const StepCounts& counts, std::uint32_t vcpus) {
  return sum_check(std::move(name), counts.reasons, counts.exits, counts.clean, counts.disturbed,
                   vcpus);
}

Check check_sum(std::string name, const Counts& counts, std::uint32_t vcpus) {
  return sum_check(std::move(name), counts.reasons, counts.total, counts.exact, counts.disturbed,
                   vcpus);
}

Check check_guest_host(std::string name, const Snapshot& guest, const HostStats& host) {
  Check check{std::move(name), false, guest.end_total, std::nullopt, ""};
  if (host.latch_seq == 0) {
    check.detail = "the host's side saw no read of the total by the guest";
    return check;
  }
  check.left = nearest(guest.end_total, host.latch_total);
  check.right = host.latch_total;
  check.detail = "guest's last snapshot; host at the same moment";
  if (host.latch_total > UINT32_MAX) check.detail += "; equal as far as 32 bits show";
  if (host.scope == Scope::host) check.detail += "; both of all VMs since the modules were loaded";
  const Counts seen = counts_at_end(guest, host.vendor);
  const Sides sides = both_sides(seen, counts_at_latch(host));
  const std::uint64_t allowed = host.vcpus > 1 ? seen.disturbed + in_flight(host.vcpus) : 0;
  std::uint64_t apart = 0;
  for (const auto& [number, side] : sides) apart += distance(side.first, side.second);
  const std::string differences = describe_differences(sides, host.vendor);
  check.ok = (guest.clean || host.vcpus > 1) && apart <= allowed &&
             guest.end_total == wrapped(host.latch_total);
  check.detail += allowed_text(allowed) + differences;
  if (!guest.clean) check.detail += fmt::format("; not clean after {} attempts", guest.attempts);
  return check;
}

Check check_kvm_statistic(std::string name, const HostStats& host) {
  const bool latched = host.latch_seq != 0;
  const std::uint64_t ours = latched ? host.latch_total : host.total.exits;
  const std::uint64_t kvm = latched ? host.latch_kvm_exits : host.kvm_exits;
  const char* when = latched ? "at the guest's last read" : "now";
  const std::uint64_t allowed = in_flight(host.vcpus);
  return {std::move(name), distance(ours, kvm) <= allowed, ours, kvm,
          fmt::format("total; KVM's 'exits' statistic, {}", when) + allowed_text(allowed)};
}

Check check_kvm_file(std::string name, const HostStats& host, std::uint64_t kvm_exits) {
  const std::uint64_t kvm = kvm_exits - static_cast<std::uint64_t>(host.stray_exits);
  std::string detail = "lab's total against debugfs kvm/*/exits, guest paused";
  if (host.stray_exits != 0)
    detail += fmt::format("; KVM counted {} there, {} of which are no exits", kvm_exits,
                          host.stray_exits);
  return {std::move(name), host.total.exits == kvm, host.total.exits, kvm, detail};
}

Check check_bounds(std::string name, std::optional<std::uint64_t> value,
                   std::optional<std::uint64_t> min, std::optional<std::uint64_t> max) {
  Check check{std::move(name), false, value, std::nullopt, ""};
  const bool below = value && min && *value < *min;
  const bool above = value && max && *value > *max;
  check.ok = value && !below && !above;
  check.right = below || !max ? min : max;
  if (min) check.detail += fmt::format("at least {}", *min);
  if (max) check.detail += fmt::format("{}at most {}", min ? ", " : "", *max);
  if (!value) check.detail += (check.detail.empty() ? "" : "; ") + std::string("no count");
  return check;
}

}  // namespace lab::exits
