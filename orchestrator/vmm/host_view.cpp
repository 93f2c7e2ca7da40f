// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/host_view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::vmm {
namespace {

std::uint64_t number(std::string_view word) {
  if (const auto value = base::parse_number<std::uint64_t>(word)) return *value;
  throw base::infrastructure_error("exit_stats: '" + std::string(word) + "' is no number");
}

Fields parse_fields(std::string_view words) {
  Fields fields;
  for (const std::string_view word : base::split_words(words)) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos)
      throw base::infrastructure_error("exit_stats: '" + std::string(word) + "' is no key=value");
    if (!word.starts_with("name="))
      fields[std::string(word.substr(0, equals))] = number(word.substr(equals + 1));
  }
  return fields;
}

std::uint64_t find_value(const Fields& all, std::string_view key) {
  const auto found = all.find(key);
  return found == all.end() ? 0 : found->second;
}

void take_line(HostView& view, std::string_view line) {
  const std::string_view kind = base::take_word(line);
  if (kind == "total") {
    view.total = parse_fields(line);
  } else if (kind == "reason") {
    const auto reason = static_cast<std::uint32_t>(number(base::take_word(line)));
    view.reasons[reason] = parse_fields(line);
  } else if (kind == "vcpu") {
    base::take_word(line);  // its number
    view.vcpus.push_back(parse_fields(line));
  } else if (kind == "kvm_exits") {
    view.kvm_exits = number(base::take_word(line));
  } else if (kind == "latch") {
    base::take_word(line);  // how many latches there were
    view.latch_total = number(base::take_word(line));
    view.latch_kvm_exits = number(base::take_word(line));
  } else if (kind == "latch_later_kvm_exits") {
    view.latch_later_kvm_exits = number(base::take_word(line));
  }
}

void expect_equal(Report& report, const std::string& what, std::uint64_t left,
                  std::uint64_t right) {
  report.expect(left == right, fmt::format("{}: {} and {}", what, left, right));
}

}  // namespace

std::uint64_t HostView::of(std::uint32_t reason, std::string_view key) const {
  const auto found = reasons.find(reason);
  return found == reasons.end() ? 0 : find_value(found->second, key);
}

std::uint64_t HostView::sum(std::string_view key) const {
  std::uint64_t sum = 0;
  for (const auto& [reason, all] : reasons) sum += find_value(all, key);
  return sum;
}

HostView read_host_view(const std::filesystem::path& folder) {
  HostView view;
  const std::string text = base::read_file(folder / "exit_stats");
  if (!text.starts_with("exit_stats 2 ") || !text.ends_with("\nend\n"))
    throw base::infrastructure_error("exit_stats is not of format 2, or is cut off");
  for (const std::string_view line : base::split(text, '\n')) take_line(view, line);
  view.exits = read_kvm_exits(folder);
  return view;
}

std::uint64_t read_kvm_exits(const std::filesystem::path& folder) {
  return number(base::trimmed_end(base::read_file(folder / "exits", 64)));
}

void expect_consistent(const HostView& view, Report& report) {
  for (const char* key : {"exits", "cycles", "to_entry", "fastpath", "nested"})
    expect_equal(report, fmt::format("total {} and the sum over reasons", key),
                 find_value(view.total, key), view.sum(key));
  for (const char* key : {"exits", "cycles", "to_entry"}) {
    std::uint64_t sum = 0;
    for (const Fields& vcpu : view.vcpus) sum += find_value(vcpu, key);
    expect_equal(report, fmt::format("total {} and the sum over vCPUs", key),
                 find_value(view.total, key), sum);
  }
  const std::uint64_t total = find_value(view.total, "exits");
  expect_equal(report, "total and KVM's own count in exit_stats", total, view.kvm_exits);
  expect_equal(report, "total and KVM's file exits", total, view.exits);
}

void expect_count(const HostView& view, std::uint32_t number, std::uint64_t wanted,
                  Report& report) {
  report.expect(
      view.of(number, "exits") == wanted,
      fmt::format("host: reason {:#x} {} times, not {}", number, view.of(number, "exits"), wanted));
}

}  // namespace lab::vmm
