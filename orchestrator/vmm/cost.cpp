// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/cost.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <x86intrin.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/kvm/modules/kmod.hpp"
#include "orchestrator/kvm/modules/modules.hpp"
#include "orchestrator/kvm/tracepoint.hpp"
#include "orchestrator/vmm/machine.hpp"
#include "orchestrator/vmm/nested_guest.hpp"

namespace lab::vmm {
namespace {

std::uint64_t warm_up_exits(const CostOptions& options) {
  return options.exits / 10 + 1;
}

std::uint64_t all_exits(const CostOptions& options) {
  return warm_up_exits(options) + options.repeats * options.exits;
}

double nanoseconds_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <typename Run>
Cost time_run(std::uint64_t exits, const Run& run) {
  const double start = nanoseconds_now();
  const std::uint64_t start_ticks = __rdtsc();
  run();
  const std::uint64_t ticks = __rdtsc() - start_ticks;
  const double nanoseconds = nanoseconds_now() - start;
  const auto count = static_cast<double>(exits);
  return {.nanoseconds = nanoseconds / count, .ticks = static_cast<double>(ticks) / count};
}

// Warms up, then measures.
template <typename Measure>
std::vector<Cost> repeat(const CostOptions& options, const Measure& measure) {
  measure(warm_up_exits(options));
  std::vector<Cost> costs;
  for (unsigned i = 0; i < options.repeats; ++i) costs.push_back(measure(options.exits));
  return costs;
}

// Runs a guest that causes exits of one kind.
class ExitGuest {
 public:
  explicit ExitGuest(const CostOptions& options)
      : options_(options),
        machine_(options.kind == ExitKind::ipi ? 2 : 1,
                 options.kind == ExitKind::hlt || options.kind == ExitKind::ipi
                     ? Machine::Interrupts::apic
                     : Machine::Interrupts::none),
        event_(::eventfd(0, EFD_CLOEXEC)) {
    for (unsigned i = 0; i < machine_.vcpus(); ++i) machine_.vcpu(i).set_cpuid(supported_cpuid());
    if (options.kind == ExitKind::port) machine_.listen(VMM_PORT_EVENT, event_);
  }

  Cost run(std::uint64_t exits) {
    if (options_.kind != ExitKind::ipi) return time(exits);
    std::future<void> other = answer_ipis();
    try {
      const Cost cost = time(exits);
      other.get();
      return cost;
    } catch (...) {
      // The other vCPU waits in the kernel: wake it, as its thread must end.
      std::atomic_ref(word(0)) = 1;
      machine_.interrupt(1);
      throw;
    }
  }

 private:
  Cost time(std::uint64_t exits) {
    prepare(exits);
    return time_run(exits, [this] { machine_.vcpu(0).run(); });
  }

  // Addresses in the tests' data: vmm_interrupt's counter, and the words of vmm_ipi and vmm_answer.
  static constexpr std::uint64_t counter = Machine::data_begin, words = Machine::data_begin + 64;

  void prepare(std::uint64_t exits) {
    Vcpu& vcpu = machine_.vcpu(0);
    const auto begin = [&](const unsigned char* code, std::uint64_t rsi, std::uint64_t r8 = 0) {
      vcpu.prepare(code, Level::kernel, exits, rsi, r8);
    };
    constexpr std::uint64_t no_hypercall = 0xffff;
    switch (options_.kind) {
      case ExitKind::cpuid:
        return begin(vmm_repeat, options_.leaf);
      case ExitKind::hypercall:
        return begin(kvm::machine_vendor() == exits::Vendor::svm ? vmm_vmmcall : vmm_vmcall,
                     no_hypercall);
      case ExitKind::port:
        return begin(vmm_port, 0);
      case ExitKind::msr:
      case ExitKind::cr4: {
        begin(vmm_repeat, 0);  // sets the registers that the guest writes
        const kvm_sregs sregs = vcpu.sregs();
        return options_.kind == ExitKind::msr ? begin(vmm_msr, sregs.efer)
                                              : begin(vmm_cr4, sregs.cr4);
      }
      case ExitKind::hlt:
        return begin(vmm_hlt, counter);
      case ExitKind::ipi:
        return begin(vmm_ipi, counter, words);
      case ExitKind::nested:
        break;  // measure_cost() has another guest for it
    }
  }

  std::uint64_t& word(unsigned index) {
    return static_cast<std::uint64_t*>(machine_.at(words))[index];
  }

  // Returns when the other vCPU waits, so that its start is not measured.
  std::future<void> answer_ipis() {
    word(0) = word(1) = 0;
    machine_.vcpu(1).prepare(vmm_answer, Level::kernel, 0, counter + 8, words);
    std::future<void> other = std::async(std::launch::async, [this] { machine_.vcpu(1).run(); });
    while (std::atomic_ref(word(1)) == 0)
      if (other.wait_for(std::chrono::milliseconds(10)) == std::future_status::ready) {
        other.get();
        throw base::infrastructure_error("the vCPU that was to wait for IPIs is done");
      }
    return other;
  }

  const CostOptions options_;
  Machine machine_;
  const base::Fd event_;
};

// Traces exits from its construction on; its cost and its output are measured.
class Tracer {
 public:
  virtual ~Tracer() = default;
  // Ends the tracing. Returns the bytes that it wrote, where it writes.
  virtual std::optional<double> end() { return std::nullopt; }
};

class HistogramTracer : public Tracer {
 private:
  kvm::ExitTracepoint histogram_;
};

// Writes kvm_exit and kvm_entry into the ring buffer, as `trace-cmd -e kvm` does.
class EventTracer : public Tracer {
 public:
  EventTracer() : before_(written()) {
    try {
      enable("1");
    } catch (...) {
      enable("0");  // an event that is on would hold the modules
      throw;
    }
  }
  EventTracer(const EventTracer&) = delete;
  EventTracer& operator=(const EventTracer&) = delete;
  ~EventTracer() override {
    try {
      enable("0");
    } catch (const base::Error&) {
      // The module then cannot be unloaded, which the next variant reports.
    }
  }

  std::optional<double> end() override { return written() - before_; }

 private:
  // Old events make room for new ones: scales the bytes in the buffer up to all events written.
  static double written() {
    double present = 0, entries = 0, gone = 0;
    std::ifstream file("/sys/kernel/tracing/per_cpu/cpu0/stats");
    for (std::string line; std::getline(file, line);) {
      const std::size_t colon = line.find(": ");
      if (colon == std::string::npos) continue;
      const std::string name = line.substr(0, colon);
      const double value = std::strtod(line.c_str() + colon + 2, nullptr);
      if (name == "bytes") present = value;
      if (name == "entries") entries = value;
      if (name == "overrun") gone = value;
    }
    return entries == 0 ? 0 : present / entries * (entries + gone);
  }

  static void enable(const std::string& value) {
    for (const char* event : {"kvm_exit", "kvm_entry"})
      kvm::write_tracefs(std::string("events/kvm/") + event + "/enable", value);
  }

  const double before_;
};

// Runs perf beside the guest, for as long as the command that perf watches runs.
class PerfTracer : public Tracer {
 public:
  explicit PerfTracer(std::vector<std::string> argv)
      : folder_(std::filesystem::temp_directory_path(), "lab-perf") {
    const std::filesystem::path gate = folder_.path() / "gate";
    if (::mkfifo(gate.c_str(), 0600) != 0) throw base::errno_error("make", gate.string(), errno);
    gate_ = base::Fd(::open(gate.c_str(), O_RDWR | O_CLOEXEC));
    argv.insert(argv.end(), {"cat", gate.string()});
    perf_ = std::make_unique<base::Process>(
        base::Command{.argv = argv, .folder = folder_.path(), .keep = 4096});
    base::sleep_interruptibly(3);  // perf opens its events
    if (!perf_->running()) throw base::infrastructure_error("perf ended: " + perf_->output());
  }

  std::optional<double> end() override {
    gate_ = base::Fd();
    while (perf_->running()) base::sleep_interruptibly(0.1);
    std::error_code none;
    const auto size = std::filesystem::file_size(folder_.path() / "perf.data", none);
    if (none) return std::nullopt;
    return static_cast<double>(size);
  }

 private:
  const base::TemporaryFolder folder_;
  base::Fd gate_;
  std::unique_ptr<base::Process> perf_;
};

std::unique_ptr<Tracer> make_tracer(Variant::Tracing tracing) {
  switch (tracing) {
    case Variant::Tracing::none:
      break;
    case Variant::Tracing::histogram:
      return std::make_unique<HistogramTracer>();
    case Variant::Tracing::events:
      return std::make_unique<EventTracer>();
    case Variant::Tracing::perf_stat:
      return std::make_unique<PerfTracer>(
          std::vector<std::string>{"perf", "stat", "-a", "-e", "kvm:kvm_exit"});
    case Variant::Tracing::perf_record:
      return std::make_unique<PerfTracer>(
          std::vector<std::string>{"perf", "kvm", "stat", "record", "-a", "-o", "perf.data"});
  }
  return std::make_unique<Tracer>();
}

// Uses a new tracer for each kind, as its bytes must be that kind's.
VariantCost measure_variant(const Variant& variant, const CostOptions& options) {
  VariantCost result{.name = variant.name, .kind = options.kind};
  const std::unique_ptr<Tracer> tracer = make_tracer(variant.tracing);
  result.costs = measure_cost(options);
  if (const std::optional<double> bytes = tracer->end())
    result.bytes = *bytes / static_cast<double>(all_exits(options));
  return result;
}

void load(kvm::ModuleSwap& swap, const std::filesystem::path& modules, const Variant& variant) {
  if (variant.patched) return swap.load(modules, variant.parameters);
  swap.restore();
  const std::string vendor = kvm::vendor_module(kvm::machine_vendor());
  kvm::Kmod().probe(vendor);
}

}  // namespace

std::string_view to_string(ExitKind kind) {
  static constexpr std::string_view words[] = {"cpuid", "hypercall", "port", "msr",
                                               "cr4",   "hlt",       "ipi",  "nested"};
  return words[std::size_t(kind)];
}

std::vector<Cost> measure_cost(const CostOptions& options) {
  if (options.kind == ExitKind::nested) {
    NestedGuest guest;
    return repeat(options, [&](std::uint64_t exits) {
      return time_run(exits, [&] {
        if (const auto seen = guest.run(exits); seen.cpuids + seen.halts != exits)
          throw base::infrastructure_error(
              fmt::format("the guest's guest ended with exit {:#x}", seen.ended_by));
      });
    });
  }
  ExitGuest guest(options);
  return repeat(options, [&](std::uint64_t exits) { return guest.run(exits); });
}

std::vector<Variant> overhead_variants() {
  using Tracing = Variant::Tracing;
  return {
      {.name = "stock"},
      {.name = "patched", .patched = true},
      {.name = "patched, exit_counts=off", .patched = true, .parameters = {{"exit_counts", "off"}}},
      {.name = "patched, exit_histograms=on",
       .patched = true,
       .parameters = {{"exit_histograms", "on"}}},
      {.name = "patched, exit_causes=16384",
       .patched = true,
       .parameters = {{"exit_causes", "16384"}}},
      {.name = "stock again"},
      {.name = "stock, histogram trigger on kvm_exit", .tracing = Tracing::histogram},
      {.name = "stock, ftrace kvm_exit and kvm_entry", .tracing = Tracing::events},
      {.name = "stock, perf stat -e kvm:kvm_exit", .tracing = Tracing::perf_stat},
      {.name = "stock, perf kvm stat record", .tracing = Tracing::perf_record}};
}

void measure_overhead(const std::filesystem::path& modules, const std::filesystem::path& runtime,
                      const CostOptions& options,
                      const std::function<void(const VariantCost&)>& sink) {
  kvm::ModuleSwap swap(runtime);
  for (const Variant& variant : overhead_variants()) {
    if (!options.tracing && variant.tracing != Variant::Tracing::none) continue;
    for (const ExitKind kind : exit_kinds) {
      CostOptions of_kind = options;
      of_kind.kind = kind;
      try {
        if (kind == exit_kinds[0]) load(swap, modules, variant);
        sink(measure_variant(variant, of_kind));
      } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
        sink({.name = variant.name, .kind = kind, .why = error.what()});
        if (kind == exit_kinds[0]) break;  // its modules may not be loaded
      }
    }
  }
  swap.restore();
}

}  // namespace lab::vmm
