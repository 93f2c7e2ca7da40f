// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/eventfd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "kvm-patch/exit_leaves.h"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/text.hpp"
#include "orchestrator/kvm/detail_tracepoints.hpp"
#include "orchestrator/kvm/tracepoint.hpp"
#include "orchestrator/vmm/host_view.hpp"
#include "orchestrator/vmm/loaded.hpp"
#include "orchestrator/vmm/tests/tests.hpp"

namespace lab::vmm {
namespace {

// Describes a cause as kvm-patch/README.md does; the test reads it without lab's own parser.
struct Cause {
  std::uint32_t number;
  std::uint32_t kind;
  std::uint64_t detail, rip;

  auto operator<=>(const Cause&) const = default;
};
constexpr std::uint32_t kind_real = 0, kind_protected_32 = 3, kind_64 = 5, kind_user = 5 | 3 << 4;
// A table of this size has room for all causes of a test of known causes.
constexpr std::uint64_t roomy_entries = 1024;
constexpr std::uint64_t one_byte = 1 << 16, msr_write = 1ull << 32;

using ByNumber = std::map<std::uint32_t, std::uint64_t>;

struct CausesView {
  std::uint64_t entries = 0;
  std::uint64_t listed = 0;  // causes of all vCPUs
  std::map<Cause, std::uint64_t> exits;
  ByNumber sums, latched, marked;  // of causes and lost exits, by number
  ByNumber lost;
};

std::uint64_t to_number(std::string_view word) {
  return std::stoull(std::string(word), nullptr, 0);
}

Fields parse_pairs(std::string_view words) {
  Fields fields;
  for (const std::string_view word : base::split_words(words))
    if (const std::size_t equals = word.find('='); equals != std::string_view::npos)
      fields[std::string(word.substr(0, equals))] = to_number(word.substr(equals + 1));
  return fields;
}

CausesView read_causes(const Machine& machine) {
  const std::string text = base::read_file(machine.folder() / "exit_causes");
  if (!text.starts_with("exit_causes 1 ") || !text.ends_with("\nend\n"))
    throw base::infrastructure_error("exit_causes is not of format 1, or is cut off");
  CausesView view;
  for (std::string_view line : base::split(text, '\n')) {
    const std::string_view what = base::take_word(line), vcpu = base::take_word(line);
    if (what == "entries") view.entries = to_number(vcpu);
    if (what != "cause" && what != "lost") continue;
    const auto reason = static_cast<std::uint32_t>(to_number(base::take_word(line)));
    std::string_view kind, detail, rip;
    if (what == "cause") {
      kind = base::take_word(line);
      detail = base::take_word(line);
      rip = base::take_word(line);
      ++view.listed;
    }
    const Fields fields = parse_pairs(line);
    const auto of = [&](const char* key) {
      const auto found = fields.find(key);
      return found == fields.end() ? 0 : found->second;
    };
    view.sums[reason] += of("exits");
    view.latched[reason] += of("latched");
    view.marked[reason] += of("marked");
    if (what == "lost")
      view.lost[reason] += of("exits");
    else
      view.exits[{reason, static_cast<std::uint32_t>(to_number(kind)), to_number(detail),
                  to_number(rip)}] += of("exits");
  }
  std::erase_if(view.lost, [](const auto& entry) { return entry.second == 0; });
  return view;
}

std::uint64_t exits_at(const ByNumber& numbers, std::uint32_t number) {
  const auto found = numbers.find(number);
  return found == numbers.end() ? 0 : found->second;
}

std::uint64_t add_up(const ByNumber& numbers) {
  std::uint64_t sum = 0;
  for (const auto& [number, exits] : numbers) sum += exits;
  return sum;
}

// Expects all vCPUs at rest.
void expect_sums(const Machine& machine, const CausesView& view, Report& report) {
  const HostView host = read_host_view(machine.folder());
  for (const auto& [number, fields] : host.reasons) {
    const std::uint64_t sum = exits_at(view.sums, number);
    report.expect(sum == host.of(number, "exits"),
                  fmt::format("number {:#x}: causes and lost {}, exits {}", number, sum,
                              host.of(number, "exits")));
  }
  report.expect(add_up(view.sums) == host.total.at("exits"), "causes of numbers that never were");
}

struct Numbers {
  std::uint32_t cpuid, io, msr, msr_read, memory, interrupt, to_cr4, to_dr1, from_dr1;
};
Numbers vendor_numbers(exits::Vendor vendor) {
  return vendor == exits::Vendor::svm
             ? Numbers{0x72, 0x7b, 0x7c, 0x7c, 0x400, 0x60, 0x14, 0x31, 0x21}
             : Numbers{10, 30, 32, 31, 48, 1, 28, 29, 29};
}

// Returns whether the machine itself causes it at any time: by its interrupts, or by mapped RAM
// that is touched first, or executed where KVM had mapped 2 MiB without that right (nx_huge_pages).
bool comes_by_itself(const Cause& cause, const Numbers& numbers) {
  constexpr std::uint64_t first_touch = 0, without_right = 1;
  const std::uint64_t memory_class = cause.detail >> 56 & 7;
  return cause.number == numbers.interrupt ||
         (cause.number == numbers.memory &&
          (memory_class == first_touch || memory_class == without_right));
}

// Checks one vCPU. Interrupts, which come at any time, may have filled a small table: then the
// exits missing for a number must equal those that the number lost.
void expect_exactly(const CausesView& view, const std::map<Cause, std::uint64_t>& wanted,
                    const Numbers& numbers, Report& report) {
  report.expect(view.listed == view.exits.size(), "a cause has more than one entry");
  ByNumber missing;
  for (const auto& [cause, exits] : wanted) {
    const auto found = view.exits.find(cause);
    const std::uint64_t kept = found == view.exits.end() ? 0 : found->second;
    missing[cause.number] += exits - kept;
    report.expect(kept == exits || (kept == 0 && view.lost.contains(cause.number)),
                  fmt::format("number {:#x} kind {:#x} detail {:#x} at {:#x}: {} exits, not {}",
                              cause.number, cause.kind, cause.detail, cause.rip, kept, exits));
  }
  for (const auto& [number, exits] : missing) {
    const std::uint64_t lost = exits_at(view.lost, number);
    report.expect(exits == lost,
                  fmt::format("number {:#x}: {} exits are missing, {} lost", number, exits, lost));
  }
  report.expect(view.lost.empty() || view.entries < roomy_entries,
                fmt::format("exits lost in a table of {} entries", view.entries));
  for (const auto& [cause, exits] : view.exits)
    report.expect(wanted.contains(cause) || comes_by_itself(cause, numbers),
                  fmt::format("number {:#x} kind {:#x} detail {:#x} at {:#x}: {} exits of nobody",
                              cause.number, cause.kind, cause.detail, cause.rip, exits));
}

class ListeningMachine {
 public:
  explicit ListeningMachine(unsigned vcpus) : machine(vcpus) {
    for (std::uint16_t port : {VMM_PORT_EVENT, VMM_PORT_OTHER_EVENT}) machine.listen(port, event_);
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu)
      machine.vcpu(vcpu).set_cpuid(small_cpuid(Processor::amd));
  }
  Machine machine;

 private:
  base::Fd event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

void test_known(const Loaded& loaded, unsigned times, Report& report) {
  ListeningMachine listening(1);
  Machine& machine = listening.machine;
  Vcpu& vcpu = machine.vcpu(0);
  const Numbers numbers = vendor_numbers(loaded.vendor);
  const std::uint64_t leaf = VMM_CAUSES_LEAF | std::uint64_t(VMM_CAUSES_SUBLEAF) << 32;
  std::map<Cause, std::uint64_t> wanted;
  const auto expect = [&](std::uint32_t number, std::uint32_t kind, std::uint64_t detail,
                          std::uint64_t rip, std::uint64_t exits) {
    wanted[{number, kind, detail, rip}] += exits;
  };
  vcpu.prepare(vmm_causes, Level::kernel, 0, 0);  // for EFER
  vcpu.prepare(vmm_causes, Level::kernel, times, vcpu.sregs().efer, 1);
  vcpu.run();
  expect(numbers.io, kind_64, VMM_PORT_EVENT | one_byte, Machine::address(vmm_causes_port), times);
  expect(numbers.io, kind_64, VMM_PORT_OTHER_EVENT | one_byte,
         Machine::address(vmm_causes_other_port), times);
  expect(numbers.cpuid, kind_64, leaf, Machine::address(vmm_causes_leaf), times);
  expect(numbers.msr, kind_64, VMM_MSR_EFER | msr_write, Machine::address(vmm_causes_msr), times);
  expect(numbers.io, kind_64, VMM_PORT_DONE | one_byte, Machine::address(vmm_causes_done), 1);
  // A user's program has only the region.
  vcpu.prepare(vmm_causes, Level::user, times, 0, 0);
  vcpu.run();
  expect(numbers.io, kind_user, VMM_PORT_EVENT | one_byte, 0, times);
  expect(numbers.io, kind_user, VMM_PORT_OTHER_EVENT | one_byte, 0, times);
  expect(numbers.cpuid, kind_user, leaf, 0, times);
  expect(numbers.io, kind_user, VMM_PORT_DONE | one_byte, 0, 1);
  for (const auto& [mode, kind] : {std::pair(Vcpu::OldMode::real, kind_real),
                                   std::pair(Vcpu::OldMode::protected_32, kind_protected_32)}) {
    vcpu.prepare_old_mode(vmm_any_mode, mode, 0x8000);
    vcpu.run();
    expect(numbers.io, kind, VMM_PORT_EVENT | one_byte, Machine::address(vmm_any_mode), 1);
    expect(numbers.io, kind, VMM_PORT_DONE | one_byte, Machine::address(vmm_any_mode) + 2, 1);
  }
  const CausesView view = read_causes(machine);
  expect_exactly(view, wanted, numbers, report);
  expect_sums(machine, view, report);
  report.say(fmt::format("{} known causes in long, user, real and protected mode", wanted.size()));
}

// Checks that some bits of the processor's words make no other cause: on VMX the value that LMSW
// writes, and which register a MOV takes.
void test_registers(const Loaded& loaded, unsigned times, Report& report) {
  constexpr std::uint64_t write = 1 << 8, lmsw = 2 << 9;
  Machine machine(1);
  Vcpu& vcpu = machine.vcpu(0);
  vcpu.set_cpuid(small_cpuid(Processor::amd));
  vcpu.watch_debug_registers();
  const Numbers numbers = vendor_numbers(loaded.vendor);
  std::map<Cause, std::uint64_t> wanted;
  const auto expect = [&](std::uint32_t number, std::uint64_t detail, const unsigned char* code,
                          std::uint64_t exits) {
    wanted[{number, kind_64, detail, Machine::address(code)}] = exits;
  };
  vcpu.prepare(vmm_registers, Level::kernel, 0, 0);  // for CR0 and CR4
  vcpu.prepare(vmm_registers, Level::kernel, times, vcpu.sregs().cr4);
  vcpu.run();
  expect(numbers.to_cr4, 4 | write, vmm_registers_cr4, times);
  expect(numbers.to_dr1, 1 | write, vmm_registers_to_dr, times);
  expect(numbers.from_dr1, 1, vmm_registers_from_dr, times);
  expect(numbers.io, VMM_PORT_DONE | one_byte, vmm_registers_done, 1);
  // SVM's selective intercept of CR0 does not cover MP.
  if (loaded.vendor == exits::Vendor::vmx) {
    vcpu.prepare(vmm_lmsw, Level::kernel, times, vcpu.sregs().cr0);
    vcpu.run();
    expect(numbers.to_cr4, write | lmsw, vmm_lmsw_write, times);
    expect(numbers.io, VMM_PORT_DONE | one_byte, vmm_lmsw_done, 1);
  }
  const CausesView view = read_causes(machine);
  expect_exactly(view, wanted, numbers, report);
  expect_sums(machine, view, report);
  report.say(fmt::format("{} known causes of control and debug registers", wanted.size()));
}

// What KVM's emulated APIC was asked, as the kernel's tracepoint kvm_apic says it.
class ApicTracepoint {
 public:
  ApicTracepoint() {
    kvm::make_tracefs_instance(instance);
    kvm::write_tracefs(instance / "events/kvm/kvm_apic/trigger", "hist:keys=rw,reg");
  }
  ApicTracepoint(const ApicTracepoint&) = delete;
  ApicTracepoint& operator=(const ApicTracepoint&) = delete;
  ~ApicTracepoint() {
    std::error_code ignored;
    std::filesystem::remove(root / instance, ignored);
  }

  kvm::HistogramEvents read() const {
    return kvm::parse_histogram(base::read_file(root / instance / "events/kvm/kvm_apic/hist"),
                                {"rw", "reg"});
  }

 private:
  static inline const std::filesystem::path root = kvm::tracefs_root,
                                            instance = "instances/lab-vmm";
};

// Registers of the APIC by its page and by MSRs. VMX has an exit for its page, which the first
// access maps (5.10), unless KVM leaves it to page faults, as 6.1 does where there is no APICv:
// then a load is executed once more before KVM emulates it. The kernel's tracepoint says the same,
// where it has histograms.
void test_apic(const Loaded& loaded, unsigned times, Report& report) {
  constexpr std::uint64_t device = 3ull << 56, device_write = 1ull << 52, apic_write = 1 << 16;
  constexpr std::uint64_t traced_read = 0, traced_write = 1;
  Machine machine(1, Machine::Interrupts::apic);
  Vcpu& vcpu = machine.vcpu(0);
  vcpu.set_cpuid(supported_cpuid());
  std::optional<ApicTracepoint> tracepoint;
  if (kvm::DetailTracepoints::possible()) tracepoint.emplace();
  vcpu.prepare(vmm_apic, Level::kernel, times, VMM_APIC_PAGE);
  vcpu.run();
  kvm_sregs special = vcpu.sregs();
  special.apic_base |= VMM_X2APIC_ENABLED;
  vcpu.set_sregs(special);
  vcpu.prepare(vmm_x2apic, Level::kernel, times, 0);
  vcpu.run();

  const CausesView view = read_causes(machine);
  const Numbers numbers = vendor_numbers(loaded.vendor);
  const bool vmx = loaded.vendor == exits::Vendor::vmx;
  constexpr std::uint32_t apic_access = 44;
  const bool own_exit = vmx && exits_at(view.sums, apic_access) > 0;
  std::map<Cause, std::uint64_t> wanted;
  const auto expect = [&](std::uint32_t number, std::uint64_t detail, const unsigned char* code,
                          std::uint64_t exits) {
    wanted[{number, kind_64, detail, Machine::address(code)}] = exits;
  };
  const auto expect_page = [&](std::uint64_t reg, bool write, const unsigned char* code) {
    if (own_exit)
      expect(apic_access, reg | (write ? apic_write : 0), code, times);
    else
      expect(numbers.memory, device | (write ? device_write : 0) | VMM_APIC_PAGE | reg, code,
             vmx && !write ? 2 * times : times);
  };
  expect_page(VMM_APIC_VERSION, false, vmm_apic_version);
  expect_page(VMM_APIC_ESR, true, vmm_apic_esr);
  expect_page(VMM_APIC_EOI, true, vmm_apic_eoi);
  if (own_exit)
    expect(numbers.memory, device | VMM_APIC_PAGE | VMM_APIC_VERSION, vmm_apic_version, 1);
  expect(numbers.io, VMM_PORT_DONE | one_byte, vmm_apic_done, 1);
  expect(numbers.msr_read, VMM_MSR_X2APIC_VERSION, vmm_x2apic_version, times);
  expect(numbers.msr, VMM_MSR_X2APIC_EOI | msr_write, vmm_x2apic_eoi, times);
  expect(numbers.io, VMM_PORT_DONE | one_byte, vmm_x2apic_done, 1);
  expect_exactly(view, wanted, numbers, report);
  expect_sums(machine, view, report);
  report.say(fmt::format("{} known causes of the APIC's registers", wanted.size()));
  if (!tracepoint) return;
  const kvm::HistogramEvents traced{{{traced_read, VMM_APIC_VERSION}, 2 * times},
                                    {{traced_write, VMM_APIC_ESR}, times},
                                    {{traced_write, VMM_APIC_EOI}, 2 * times}},
      events = tracepoint->read();
  for (const auto& [access, hits] : events)
    report.expect(
        traced.contains(access) && traced.at(access) == hits,
        fmt::format("tracepoint kvm_apic: rw {} register {:#x}: {}", access[0], access[1], hits));
  report.expect(events.size() == traced.size(), "tracepoint kvm_apic lacks a register");
  report.say(fmt::format("tracepoint kvm_apic: the same {} accesses", 5 * times));
}

// T with and without a mark on one vCPU, while the others exit as fast as they can.
void test_latches(const Loaded& loaded, unsigned times, Report& report) {
  ListeningMachine listening(3);
  Machine& machine = listening.machine;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> others;
  const std::shared_ptr<void> stopper(nullptr, [&](void*) { stop = true; });
  for (unsigned vcpu : {1u, 2u})
    others.emplace_back([&, vcpu] {
      while (!stop) {
        machine.vcpu(vcpu).prepare(vmm_causes, Level::user, 500, 0, 0);
        machine.vcpu(vcpu).run();
      }
    });
  const std::uint32_t total = exits::total_leaf(loaded.layout);
  for (unsigned i = 0; i < times; ++i) {
    std::vector<Query> queries{{.in = {total, 0, EXIT_LEAF_MARK, 0}},
                               {.in = {total, 0, 0, 0}},
                               {.in = {1, 0, 0, 0}},
                               {.in = {total, 0, 0, 0}}};
    machine.ask(0, Level::kernel, queries);
    const CausesView view = read_causes(machine);
    const auto expect = [&](const char* what, const ByNumber& sums, const Query& query) {
      report.expect(add_up(sums) == query.out[0],
                    fmt::format("{}: causes and lost {}, T {}", what, add_up(sums), query.out[0]));
    };
    expect("mark", view.marked, queries[0]);
    expect("latch", view.latched, queries[3]);
  }
  stop = true;
  others.clear();
  const CausesView view = read_causes(machine);
  expect_sums(machine, view, report);
  report.say(fmt::format("{} latches and marks of 3 vCPUs, {} exits", times, add_up(view.sums)));
}

// Asks so many leaves, each of which is a separate cause.
void flood(Machine& machine, std::uint64_t leaves) {
  for (std::uint64_t first = 0; first < leaves; first += 1024) {
    std::vector<Query> queries(1024);
    for (std::uint64_t i = 0; i < 1024; ++i) queries[i] = {.in = {0x10000000 + first + i, 0, 0, 0}};
    machine.ask(0, Level::kernel, queries);
  }
}

// Causes known exits with a full table: those missing for each number must equal its lost ones.
void expect_missing_are_lost(const Loaded& loaded, Machine& machine, unsigned times,
                             Report& report) {
  const Numbers numbers = vendor_numbers(loaded.vendor);
  const ByNumber before = read_causes(machine).lost;
  machine.vcpu(0).prepare(vmm_causes, Level::kernel, 0, 0);
  machine.vcpu(0).prepare(vmm_causes, Level::kernel, times, machine.vcpu(0).sregs().efer, 1);
  machine.vcpu(0).run();
  ByNumber missing{{numbers.io, 2 * times + 1}, {numbers.cpuid, times}, {numbers.msr, times}};
  const CausesView view = read_causes(machine);
  const std::uint64_t first = Machine::address(vmm_causes),
                      last = Machine::address(vmm_causes_done);
  for (const auto& [cause, exits] : view.exits)
    if (cause.rip >= first && cause.rip <= last && missing.contains(cause.number))
      missing[cause.number] -= exits;
  std::uint64_t sum = 0;
  for (const auto& [number, exits] : missing) {
    const std::uint64_t lost_now = exits_at(view.lost, number) - exits_at(before, number);
    report.expect(exits == lost_now, fmt::format("number {:#x}: {} exits are missing, {} lost",
                                                 number, exits, lost_now));
    sum += exits;
  }
  report.expect(sum > 0, "a full table lost no known exit");
  expect_sums(machine, view, report);
  report.say(fmt::format("{} known exits are missing in a full table, and lost", sum));
}

// Asks a different leaf for each entry of the table, and as many again.
void test_flood(const Loaded& loaded, unsigned times, Report& report) {
  ListeningMachine listening(1);
  Machine& machine = listening.machine;
  const std::uint64_t entries = read_causes(machine).entries, leaves = 2 * entries;
  flood(machine, leaves);
  const CausesView view = read_causes(machine);
  expect_sums(machine, view, report);
  const std::uint64_t lost = add_up(view.lost);
  report.expect(view.exits.size() <= entries, "more causes than entries");
  report.expect(lost >= leaves - entries,
                fmt::format("{} exits lost of {} leaves and {} entries", lost, leaves, entries));
  report.expect(view.exits.size() >= entries * 9 / 10,
                fmt::format("only {} of {} entries in use", view.exits.size(), entries));
  report.say(fmt::format("{} leaves, {} entries: {} causes, {} exits lost", leaves, entries,
                         view.exits.size(), lost));
  expect_missing_are_lost(loaded, machine, times, report);
}

}  // namespace

Report test_causes(unsigned times) {
  Report report;
  const Loaded loaded = loaded_module();
  report.say(loaded.in_words());
  test_known(loaded, times, report);
  test_registers(loaded, times, report);
  test_apic(loaded, times, report);
  test_latches(loaded, times, report);
  test_flood(loaded, times, report);
  return report;
}

}  // namespace lab::vmm
