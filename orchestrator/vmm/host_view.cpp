// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/host_view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

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

Fields fields(std::istringstream& words) {
  Fields result;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw base::infrastructure_error("exit_stats: '" + word + "' is no key=value");
    if (!word.starts_with("name="))
      result[word.substr(0, equals)] = number(word.substr(equals + 1));
  }
  return result;
}

std::uint64_t find_value(const Fields& all, std::string_view key) {
  const auto found = all.find(key);
  return found == all.end() ? 0 : found->second;
}

void take_line(HostView& view, const std::string& line) {
  std::istringstream words(line);
  std::string kind, first;
  words >> kind;
  if (kind == "total") {
    view.total = fields(words);
  } else if (kind == "reason") {
    words >> first;
    view.reasons[static_cast<std::uint32_t>(number(first))] = fields(words);
  } else if (kind == "vcpu") {
    words >> first;
    view.vcpus.push_back(fields(words));
  } else if (kind == "kvm_exits") {
    words >> first;
    view.kvm_exits = number(first);
  } else if (kind == "latch") {
    std::string total, kvm_exits;
    words >> first >> total >> kvm_exits;
    view.latch_total = number(total);
    view.latch_kvm_exits = number(kvm_exits);
  } else if (kind == "latch_later_kvm_exits") {
    words >> first;
    view.latch_later_kvm_exits = number(first);
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
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) take_line(view, line);
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

}  // namespace lab::vmm
