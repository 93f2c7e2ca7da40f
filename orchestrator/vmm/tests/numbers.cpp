// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "kvm-patch/exit_leaves.h"
#include "orchestrator/base/text.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

using exits::Answer;

constexpr std::uint32_t all_up_to = 0x500;
constexpr const char* reasons_file = "/sys/kernel/debug/kvm/exit_reasons";

std::vector<std::uint32_t> numbers_to_ask() {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t number = 0; number <= all_up_to; ++number) numbers.push_back(number);
  for (std::uint32_t number = all_up_to + 1; number < all_up_to + 0x20; ++number)
    numbers.push_back(number);
  for (std::uint32_t number :
       {0x1000u, 0x4000u, 0xdeadu, 0xffffu, 0x10000u, 0x1000au, 0x10072u, 0x7fffffffu, 0x80000000u,
        0x80000021u, 0xf0000000u, 0xf0000001u, 0xf00003ffu, 0x52485450u,
        static_cast<unsigned>(EXIT_NUMBER_OTHER), EXIT_NUMBER_OTHER - 1, EXIT_NUMBER_OTHER + 1})
    numbers.push_back(number);
  for (std::uint64_t number = 0xffffffe0; number <= 0xffffffff; ++number)
    numbers.push_back(static_cast<std::uint32_t>(number));
  return numbers;
}

// Runs lists of queries, with the host's view before and after each.
class Asker {
 public:
  Asker(const Loaded& loaded, Report& report) : loaded_(loaded), report_(report), machine_(1) {
    machine_.vcpu(0).set_cpuid(small_cpuid(Processor::intel));
    for (std::uint32_t number : defined_numbers(loaded.vendor)) defined_.insert(number);
    defined_.insert(EXIT_NUMBER_OTHER);
  }

  void ask(std::uint32_t leaf, const std::vector<std::uint32_t>& numbers, Level level) {
    constexpr std::uint64_t garbage = 0xa5a5a5a500000000;
    std::vector<Query> queries;
    for (std::uint32_t number : numbers)
      queries.push_back({.in = {garbage | leaf, garbage | ~leaf, garbage | number, garbage + 7}});
    const HostView before = read_host_view(machine_.folder());
    machine_.ask(0, level, queries);
    const HostView after = read_host_view(machine_.folder());
    for (std::size_t i = 0; i < queries.size(); ++i) check(queries[i], i + 1, level, before, after);
    asked_ += queries.size();
    ++runs_;
  }

  // Checks that every exit was asked for, except those for the host's own interrupts.
  void check_end() {
    const HostView view = read_host_view(machine_.folder());
    expect_consistent(view, report_);
    expect_count(view, exits::cpuid_number(loaded_.vendor), asked_ + loaded_.preset, report_);
    expect_count(view, io_number(loaded_.vendor), runs_, report_);
    report_.say(fmt::format("{} CPUIDs in {} runs; {} exits", asked_, runs_, view.exits));
  }

  HostView view() { return read_host_view(machine_.folder()); }

 private:
  void check(const Query& query, std::uint64_t nth, Level level, const HostView& before,
             const HostView& after) {
    const auto leaf = static_cast<std::uint32_t>(query.in[0]);
    const auto number = static_cast<std::uint32_t>(query.in[2]);
    const Answer answer = loaded_.answer(leaf, level);
    const std::string fault =
        find_fault(query, answer, defined_.contains(number), Processor::intel);
    if (!fault.empty()) return report_.fault(fault);
    if (!defined_.contains(number) && takes_number(answer)) return;
    if (answer == Answer::count)
      check_count(query, number == exits::cpuid_number(loaded_.vendor) ? nth : 0,
                  before.of(number, "exits"), after.of(number, "exits"));
    if (answer == Answer::latched)
      check_between(query, query.out[0], before.of(number, "latched"),
                    before.of(number, "latched"));
    if (answer == Answer::cycles)
      check_between(query, cycles_in(query), before.of(number, "cycles"),
                    after.of(number, "cycles"));
    if (answer == Answer::total || answer == Answer::total_and_cycles)
      check_between(query, query.out[0], before.total.at("exits") + nth, after.total.at("exits"));
    if (answer == Answer::total_cycles || answer == Answer::total_and_cycles)
      check_between(query, cycles_in(query), before.total.at("cycles"), after.total.at("cycles"));
  }

  // For CPUID, expects exactly the exits up to this one; for others, one of the host's around the
  // run.
  void check_count(const Query& query, std::uint64_t nth, std::uint64_t before,
                   std::uint64_t after) {
    if (nth > 0) return check_between(query, query.out[0], before + nth, before + nth);
    check_between(query, query.out[0], before, after);
  }

  void check_between(const Query& query, std::uint64_t value, std::uint64_t least,
                     std::uint64_t most) {
    report_.expect(least <= value && value <= most,
                   fmt::format("leaf {:#x}, ecx {:#x}: {}, not {} to {}",
                               static_cast<std::uint32_t>(query.in[0]),
                               static_cast<std::uint32_t>(query.in[2]), value, least, most));
  }

  const Loaded& loaded_;
  Report& report_;
  Machine machine_;
  std::set<std::uint32_t> defined_;
  std::uint64_t asked_ = 0, runs_ = 0;
};

// Compares the kernel's own table with the manuals', and the exits with the kernel's handlers.
void check_reasons_file(const Loaded& loaded, const HostView& view, Report& report) {
  std::ifstream file(reasons_file);
  std::set<std::uint32_t> named, handled;
  for (std::string line; std::getline(file, line);) {
    std::string_view words = line;
    if (base::take_word(words) != "reason") continue;
    const auto number = base::parse_number<std::uint32_t>(base::take_word(words));
    if (!number || *number == EXIT_NUMBER_OTHER) continue;
    named.insert(*number);
    if (words.find(" handled=1") != std::string_view::npos) handled.insert(*number);
  }
  const std::vector<std::uint32_t> defined = defined_numbers(loaded.vendor);
  for (std::uint32_t number : defined)
    report.expect(named.contains(number), fmt::format("exit_reasons lacks {:#x}", number));
  report.expect(named.size() == defined.size(),
                fmt::format("exit_reasons names {} numbers, not {}", named.size(), defined.size()));
  // The source of every kernel from 5.10 to 7.2 shows handlers that must exist, and numbers that
  // the manuals define and KVM never had a handler for.
  const bool svm = loaded.vendor == exits::Vendor::svm;
  for (std::uint32_t number : svm ? std::vector<std::uint32_t>{0x60, 0x72, 0x7b, 0x7c, 0x400}
                                  : std::vector<std::uint32_t>{0, 1, 10, 30, 32, 48})
    report.expect(handled.contains(number), fmt::format("{:#x} has no handler", number));
  for (std::uint32_t number : svm ? std::vector<std::uint32_t>{0x01, 0x0f, 0x5f, 0xffffffff}
                                  : std::vector<std::uint32_t>{3, 4, 5, 11, 17, 51, 63})
    report.expect(!handled.contains(number), fmt::format("{:#x} has a handler", number));
  for (const auto& [number, fields] : view.reasons)
    report.expect(number == EXIT_NUMBER_OTHER || handled.contains(number),
                  fmt::format("{:#x} happened, but exit_reasons says it has no handler", number));
  report.say(
      fmt::format("{} numbers defined, {} of them with a handler", named.size(), handled.size()));
}

}  // namespace

Report test_numbers() {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  Asker asker(loaded, report);
  const std::vector<std::uint32_t> numbers = numbers_to_ask();
  // Counts down, so that a total is read before the counts kept with it.
  for (std::uint32_t leaf = EXIT_LEAF_LAST + 1; leaf >= EXIT_LEAF_FIRST - 1; --leaf)
    for (Level level : {Level::kernel, Level::user}) asker.ask(leaf, numbers, level);
  asker.check_end();
  check_reasons_file(loaded, asker.view(), report);
  return report;
}

}  // namespace lab::vmm
