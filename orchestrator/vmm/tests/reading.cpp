// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <thread>
#include <tuple>

#include "kvm-patch/exit_leaves.h"
#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

using exits::Answer;
using Counts = std::map<std::uint32_t, std::uint32_t>;

constexpr std::uint64_t cpuids_of_others = 1000;  // in a run of another vCPU
// Is the number of instructions in the guest before each read: an interrupt is an exit only where
// it hits the guest, and not KVM.
constexpr std::uint64_t long_lingering = 5000;

// Also keeps the threads that it starts there.
void stay_on_first_processor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  if (const int error = ::pthread_setaffinity_np(::pthread_self(), sizeof(one), &one))
    throw base::errno_error("stay on", "a processor", error);
}

// Wakes up repeatedly: each time the processor's timer interrupts whatever runs there. Keeps in
// `lateness` by how many seconds that was too late at most.
void interrupt(unsigned microseconds, const std::atomic<bool>& stop,
               std::atomic<double>& lateness) {
  const sched_param first{.sched_priority = 1};
  ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &first);
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  const timespec pause{0, static_cast<long>(microseconds) * 1000};
  while (!stop) {
    const base::Stopwatch watch;
    ::nanosleep(&pause, nullptr);
    lateness = std::max(lateness.load(), watch.seconds() - microseconds / 1e6);
  }
}

// Describes one reading: the total, each count, the total again, and each count kept at that total.
class ReadingList {
 public:
  explicit ReadingList(const Loaded& loaded)
      : cpuid_(exits::cpuid_number(loaded.vendor)), numbers_(defined_numbers(loaded.vendor)) {
    numbers_.push_back(EXIT_NUMBER_OTHER);
    const std::uint32_t total = exits::total_leaf(loaded.layout);
    add(total, 0);
    for (const std::uint32_t number : numbers_) add(loaded.leaf(Answer::count), number);
    add(total, 0);
    for (const std::uint32_t number : numbers_) add(loaded.leaf(Answer::latched), number);
  }

  std::vector<Query>& queries() { return queries_; }
  std::size_t size() const { return queries_.size(); }
  const std::vector<std::uint32_t>& numbers() const { return numbers_; }
  std::uint32_t total() const { return answer(numbers_.size() + 1); }
  std::uint32_t kept(std::size_t i) const { return answer(numbers_.size() + 2 + i); }

  // Returns the exits between the two totals that the reading did not cause.
  std::uint32_t others() const {
    return total() - answer(0) - static_cast<std::uint32_t>(numbers_.size() + 1);
  }

  // Returns how much the count grew until the total after it, without the reading's own exits.
  std::int64_t lacked(std::size_t i) const {
    const std::size_t own = numbers_[i] == cpuid_ ? numbers_.size() - i : 0;
    return std::int64_t{kept(i)} - answer(1 + i) - static_cast<std::int64_t>(own);
  }

 private:
  void add(std::uint32_t leaf, std::uint32_t number) {
    queries_.push_back({.in = {leaf, 0, number, 0}});
  }
  std::uint32_t answer(std::size_t i) const {
    return static_cast<std::uint32_t>(queries_[i].out[0]);
  }

  std::uint32_t cpuid_;
  std::vector<std::uint32_t> numbers_;
  std::vector<Query> queries_;
};

void check_reads(const ReadingList& list, Report& report) {
  std::uint64_t sum = 0, lacked = 0;
  for (std::size_t i = 0; i < list.numbers().size(); ++i) {
    sum += list.kept(i);
    report.expect(list.lacked(i) >= 0,
                  fmt::format("{:#x}: {} more read than there were at the total after it",
                              list.numbers()[i], -list.lacked(i)));
    lacked += static_cast<std::uint64_t>(std::max<std::int64_t>(list.lacked(i), 0));
  }
  report.expect(sum == list.total(),
                fmt::format("the counts kept add up to {}, not {}", sum, list.total()));
  report.expect(lacked <= list.others(),
                fmt::format("{} exits came in between, but {} are lacking", list.others(), lacked));
}

void check_host(const ReadingList& list, const HostView& view, unsigned vcpus, Report& report) {
  report.expect(view.latch_total == list.total(),
                fmt::format("total {}, the host has {}", list.total(), view.latch_total));
  for (std::size_t i = 0; i < list.numbers().size(); ++i) {
    const std::uint64_t there = view.of(list.numbers()[i], "latched");
    report.expect(there == list.kept(i), fmt::format("{:#x}: {}, the host has {}",
                                                     list.numbers()[i], list.kept(i), there));
  }
  report.expect(view.latch_total + vcpus - 1 >= view.latch_kvm_exits &&
                    view.latch_total <= view.latch_later_kvm_exits + vcpus - 1,
                fmt::format("total {}, KVM's own {} to {}", view.latch_total, view.latch_kvm_exits,
                            view.latch_later_kvm_exits));
}

// Makes a vCPU do nothing but exit. Returns how often it did.
std::uint64_t exit_on(Machine& machine, unsigned vcpu, const std::atomic<bool>& stop) {
  std::uint64_t exits = 0;
  for (; !stop; exits += cpuids_of_others) {
    machine.vcpu(vcpu).prepare(vmm_repeat, Level::kernel, cpuids_of_others, 1);
    machine.vcpu(vcpu).run();
  }
  return exits;
}

// Checks that a thread that comes first runs while the counts of many vCPUs are added up: it must
// not wait for a quarter of that. Takes the best of several totals, as a virtual machine's
// processors may themselves have to wait.
void check_others_run(Machine& machine, const Loaded& loaded, std::atomic<double>& lateness,
                      Report& report) {
  double least = 1, of = 1;
  for (int i = 0; i < 10; ++i) {
    std::vector<Query> total{{.in = {exits::total_leaf(loaded.layout), 0, 0, 0}}};
    lateness = 0;
    const base::Stopwatch watch;
    machine.ask(0, Level::user, total, 0, 0);
    const double seconds = watch.seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // who is late notes it now
    if (lateness / seconds < least / of) std::tie(least, of) = std::pair(lateness.load(), seconds);
  }
  const std::string words = fmt::format("another thread ran {:.2f} ms late in a total of {:.2f} ms",
                                        least * 1e3, of * 1e3);
  report.say(words);
  report.expect(least < of / 4, words);
}

}  // namespace

Report test_reading(const ReadingOptions& options) {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  if (!loaded.answers() || loaded.leaves == Leaves::root)
    throw base::user_error("the module that is loaded answers no program", "lab kvm load");
  Machine machine(options.vcpus + options.idle);
  for (unsigned i = 0; i < options.vcpus; ++i)
    machine.vcpu(i).set_cpuid(small_cpuid(Processor::amd));
  ReadingList list(loaded);
  unsigned disturbed = 0;
  std::uint64_t most = 0;
  std::atomic<bool> stop = false;
  std::atomic<double> lateness = 0;
  std::jthread timer;
  std::vector<std::future<std::uint64_t>> others;
  {
    const std::shared_ptr<void> stopper(nullptr, [&](void*) { stop = true; });
    for (unsigned i = 1; i < options.vcpus; ++i)
      others.push_back(
          std::async(std::launch::async, [&, i] { return exit_on(machine, i, stop); }));
    stay_on_first_processor();
    timer = std::jthread([&] { interrupt(options.microseconds, stop, lateness); });
    for (unsigned i = 0; i < options.times; ++i) {
      machine.ask(0, Level::user, list.queries(), 0, long_lingering);
      check_reads(list, report);
      check_host(list, read_host_view(machine.folder()), options.vcpus, report);
      disturbed += list.others() != 0;
      most = std::max<std::uint64_t>(most, list.others());
    }
    // Without causes a total is too short to tell its time from that of a switch to the thread.
    if (options.idle > 0 && loaded.causes) check_others_run(machine, loaded, lateness, report);
  }
  std::uint64_t other_exits = 0;
  for (std::future<std::uint64_t>& other : others) other_exits += other.get();
  report.say(
      fmt::format("{} readings of {} CPUIDs, {} of them with up to {} other exits between "
                  "their totals; {} exits of other vCPUs",
                  options.times, list.size(), disturbed, most, other_exits));
  report.expect(disturbed > 0, "no reading had other exits in between: nothing was tested");
  return report;
}

}  // namespace lab::vmm
