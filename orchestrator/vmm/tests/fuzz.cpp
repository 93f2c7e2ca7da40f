// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

#include "kvm-patch/exit_leaves.h"
#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

using exits::Answer;

constexpr std::size_t batch = 512;
constexpr std::uint64_t room = 1u << 20;  // for a vCPU's queries

// Asks questions on one vCPU, whose counts and cycles may only grow.
class Fuzzer {
 public:
  Fuzzer(Machine& machine, unsigned vcpu, const Loaded& loaded, std::uint64_t seed)
      : machine_(machine),
        vcpu_(vcpu),
        loaded_(loaded),
        processor_(vcpu % 2 == 0 ? Processor::amd : Processor::intel),
        random_(seed * 1000 + vcpu) {
    machine.vcpu(vcpu).set_cpuid(small_cpuid(processor_));
    for (std::uint32_t number : defined_numbers(loaded.vendor)) defined_.insert(number);
    defined_.insert(EXIT_NUMBER_OTHER);
    for (const std::uint32_t number : defined_) interesting_.push_back(number);
  }

  void go_on(const std::atomic<bool>& stop) noexcept {
    try {
      while (!stop) one_batch();
    } catch (const std::exception& error) {
      report.fault(fmt::format("vCPU {}: {}", vcpu_, error.what()));
    }
  }

  Report report;
  std::uint64_t asked = 0, batches = 0, ours = 0;

 private:
  void one_batch() {
    const Level level = random_() % 2 == 0 ? Level::kernel : Level::user;
    std::vector<Query> queries(1 + random_() % batch);
    for (Query& query : queries) fill(query);
    machine_.ask(vcpu_, level, queries, vcpu_ * room);
    asked += queries.size();
    ++batches;
    for (const Query& query : queries) check(query, level);
  }

  void fill(Query& query) {
    for (std::uint64_t& value : query.in) value = random_();
    query.in[0] = (query.in[0] & ~0xffffffffull) | leaf();
    query.in[2] = (query.in[2] & ~0xffffffffull) | number();
  }

  std::uint32_t leaf() {
    const auto chance = random_() % 10;
    if (chance < 5) return static_cast<std::uint32_t>(EXIT_LEAF_FIRST + random_() % EXIT_LEAVES);
    if (chance < 8) return static_cast<std::uint32_t>(0x4fffff00 + random_() % 0x200);
    return static_cast<std::uint32_t>(random_());
  }

  std::uint32_t number() {
    const auto chance = random_() % 10;
    if (chance < 4) return interesting_[random_() % interesting_.size()];
    if (chance < 7) return static_cast<std::uint32_t>(random_() % 0x600);
    return static_cast<std::uint32_t>(random_());
  }

  void check(const Query& query, Level level) {
    const auto leaf = static_cast<std::uint32_t>(query.in[0]);
    const auto number = static_cast<std::uint32_t>(query.in[2]);
    const Answer answer = loaded_.answer(leaf, level);
    if (answer == Answer::none && has_leaf(leaf)) return;
    const bool defined = defined_.contains(number);
    const std::string fault = find_fault(query, answer, defined, processor_);
    if (!fault.empty())
      return report.fault(fmt::format("vCPU {}, {} mode: {}", vcpu_,
                                      level == Level::kernel ? "kernel" : "user", fault));
    if (answer == Answer::none) return;
    ++ours;
    const bool of_number = takes_number(answer);
    if (of_number && !defined) return;
    const std::uint32_t key = of_number ? number : 0;
    if (answer != Answer::cycles && answer != Answer::total_cycles)
      expect_growth({of_number ? answer : Answer::total, key}, query.out[0]);
    if (answer != Answer::count && answer != Answer::latched && answer != Answer::total)
      expect_growth({of_number ? Answer::cycles : Answer::total_cycles, key}, cycles_in(query));
  }

  void expect_growth(std::pair<Answer, std::uint32_t> key, std::uint64_t value) {
    std::uint64_t& last = seen_[key];
    report.expect(value >= last,
                  fmt::format("vCPU {}: answer {} of {:#x} went from {} to {}", vcpu_,
                              static_cast<int>(key.first), key.second, last, value));
    last = value;
  }

  Machine& machine_;
  unsigned vcpu_;
  const Loaded& loaded_;
  Processor processor_;
  std::mt19937_64 random_;
  std::set<std::uint32_t> defined_;
  std::vector<std::uint32_t> interesting_;
  std::map<std::pair<Answer, std::uint32_t>, std::uint64_t> seen_;
};

struct Watched {
  std::uint64_t reads = 0, consistent = 0;
};

// Reads the host's counts all the time: they, too, may only grow.
Watched watch(const Machine& machine, double seconds, bool has_counts, Report& report) {
  const base::Stopwatch stopwatch;
  Watched watched;
  std::uint64_t last = 0;
  while (stopwatch.seconds() < seconds) {
    base::sleep_interruptibly(0.05);
    if (!has_counts) continue;
    const HostView view = read_host_view(machine.folder());
    const std::uint64_t total = view.total.at("exits");
    report.expect(total >= last, fmt::format("host: total went from {} to {}", last, total));
    last = total;
    ++watched.reads;
    const bool consistent = std::ranges::all_of(
        view.vcpus, [](const Fields& vcpu) { return vcpu.at("consistent") == 1; });
    if (!consistent) continue;
    ++watched.consistent;
    report.expect(view.sum("exits") == total,
                  fmt::format("host: {} exits by reason, {} in all", view.sum("exits"), total));
  }
  return watched;
}

void check_end(const Machine& machine, const Loaded& loaded, std::uint64_t asked,
               std::uint64_t batches, Report& report) {
  const HostView view = read_host_view(machine.folder());
  expect_consistent(view, report);
  const std::uint64_t preset = loaded.preset * machine.vcpus();
  expect_count(view, exits::cpuid_number(loaded.vendor), asked + preset, report);
  expect_count(view, io_number(loaded.vendor), batches, report);
}

}  // namespace

Report test_fuzz(const FuzzOptions& options) {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  Machine machine(options.vcpus);
  std::vector<std::unique_ptr<Fuzzer>> fuzzers;
  for (unsigned vcpu = 0; vcpu < options.vcpus; ++vcpu)
    fuzzers.push_back(std::make_unique<Fuzzer>(machine, vcpu, loaded, options.seed));
  std::atomic<bool> stop = false;
  Watched watched;
  {
    // Stops the threads on every way out, before the jthreads are joined.
    std::vector<std::jthread> threads;
    const std::shared_ptr<void> stopper(nullptr, [&](void*) { stop = true; });
    for (const auto& fuzzer : fuzzers)
      threads.emplace_back([&stop, &fuzzer] { fuzzer->go_on(stop); });
    watched = watch(machine, options.seconds, loaded.counts, report);
  }
  std::uint64_t asked = 0, batches = 0, ours = 0;
  for (const auto& fuzzer : fuzzers) {
    asked += fuzzer->asked;
    batches += fuzzer->batches;
    ours += fuzzer->ours;
    for (const std::string& fault : fuzzer->report.faults) report.fault(fault);
  }
  report.say(
      fmt::format("{} CPUIDs on {} vCPUs in {} runs, {} of our leaves; {} reads of the host, {} "
                  "of one moment",
                  asked, options.vcpus, batches, ours, watched.reads, watched.consistent));
  if (loaded.counts) check_end(machine, loaded, asked, batches, report);
  return report;
}

}  // namespace lab::vmm
