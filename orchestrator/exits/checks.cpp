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

Check sum_check(std::string name, const std::vector<ReasonCount>& reasons, std::uint64_t total) {
  // Compares modulo 2^32 because the guest's counts may lack their upper bits.
  const std::uint64_t left = sum(reasons);
  return {std::move(name), wrapped(left) == wrapped(total), left, total,
          "sum of the reasons; total"};
}

// Adds to the check what came between the reads of a snapshot, and whether they are possible.
void add_between(Check& check, const std::string& which, const Snapshot& snapshot, Vendor vendor) {
  const Between came = between(snapshot, vendor);
  if (came.exits > 0)
    check.note += fmt::format("{}{} other exit{} came between the reads {} the step{}",
                              check.note.empty() ? "" : "; ", came.exits,
                              came.exits == 1 ? "" : "s", which, in_words(came.later, vendor));
  if (came.fault.empty()) return;
  check.ok = false;
  check.detail += fmt::format("; the reads {} the step do not fit{}", which, came.fault);
}

// Maps a number to the guest's count and the host's count.
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

Check check_sum(std::string name, const StepCounts& counts) {
  return sum_check(std::move(name), counts.reasons, counts.exits);
}

Check check_sum(std::string name, const Counts& counts) {
  return sum_check(std::move(name), counts.reasons, counts.total);
}

Check check_guest_host(std::string name, const std::optional<Snapshot>& before,
                       const Snapshot& after, const HostStats& host) {
  Check check{std::move(name), false, after.end_total, std::nullopt, ""};
  if (host.latch_seq == 0) {
    check.detail = "the host's side saw no read of the total by the guest";
    return check;
  }
  check.left = nearest(after.end_total, host.latch_total);
  check.right = host.latch_total;
  check.detail = "guest's last snapshot; host at the same moment";
  if (host.latch_total > UINT32_MAX) check.detail += "; equal as far as 32 bits show";
  if (host.scope == Scope::host) check.detail += "; both of all VMs since the modules were loaded";
  const std::string differences =
      describe_differences(both_sides(counts_at_end(after), counts_at_latch(host)), host.vendor);
  check.ok = differences.empty() && after.end_total == wrapped(host.latch_total);
  check.detail += differences;
  if (before) add_between(check, "before", *before, host.vendor);
  add_between(check, "after", after, host.vendor);
  return check;
}

Check check_kvm_statistic(std::string name, const HostStats& host) {
  const bool latched = host.latch_seq != 0;
  const std::uint64_t ours = latched ? host.latch_total : host.total.exits;
  const std::uint64_t kvm = latched ? host.latch_kvm_exits : host.kvm_exits;
  const std::uint64_t later = latched ? host.latch_later_kvm_exits : host.kvm_exits;
  const std::uint64_t being_counted = host.vcpus > 1 ? host.vcpus - 1 : 0;
  Check check{std::move(name), ours + being_counted >= kvm && ours <= later + being_counted, ours,
              kvm,
              fmt::format("total; KVM's 'exits' statistic, {}",
                          latched ? "at the guest's last read" : "now")};
  if (later != kvm)
    check.note = fmt::format("{} came while the other vCPUs were read", later - kvm);
  if (being_counted > 0)
    check.detail += fmt::format("; may differ by {}: an exit that another vCPU is just counting",
                                being_counted);
  return check;
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
