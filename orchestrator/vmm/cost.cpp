// SPDX-License-Identifier: MIT
#include "orchestrator/vmm/cost.hpp"

#include <time.h>
#include <x86intrin.h>

#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/kvm/kmod.hpp"
#include "orchestrator/kvm/modules.hpp"
#include "orchestrator/kvm/tracepoint.hpp"
#include "orchestrator/vmm/machine.hpp"

namespace lab::vmm {
namespace {

double nanoseconds_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

Cost run_once(Machine& machine, std::uint64_t exits, std::uint32_t leaf) {
  machine.vcpu(0).prepare(vmm_repeat, Level::kernel, exits, leaf);
  const double start = nanoseconds_now();
  const std::uint64_t start_ticks = __rdtsc();
  machine.vcpu(0).run();
  const std::uint64_t ticks = __rdtsc() - start_ticks;
  const auto count = static_cast<double>(exits);
  return {.nanoseconds = (nanoseconds_now() - start) / count,
          .ticks = static_cast<double>(ticks) / count};
}

// kvm_exit and kvm_entry into the ring buffer, as `perf kvm` and `trace-cmd -e kvm` have them.
class EventTrace {
 public:
  EventTrace() {
    try {
      enable("1");
    } catch (...) {
      enable("0");  // the first event may be on: it would hold the modules
      throw;
    }
  }
  EventTrace(const EventTrace&) = delete;
  EventTrace& operator=(const EventTrace&) = delete;
  ~EventTrace() {
    try {
      enable("0");
    } catch (const base::Error&) {
      // Then the module cannot be unloaded, which the next variant says.
    }
  }

 private:
  static void enable(const std::string& value) {
    for (const char* event : {"kvm_exit", "kvm_entry"})
      kvm::write_tracefs(std::string("events/kvm/") + event + "/enable", value);
  }
};

std::vector<Cost> measure_traced(const Variant& variant, const CostOptions& options) {
  std::unique_ptr<kvm::ExitTracepoint> histogram;
  std::unique_ptr<EventTrace> events;
  if (variant.tracing == Variant::Tracing::histogram)
    histogram = std::make_unique<kvm::ExitTracepoint>();
  if (variant.tracing == Variant::Tracing::events) events = std::make_unique<EventTrace>();
  return measure_cost(options);
}

void load(kvm::ModuleSwap& swap, const std::filesystem::path& modules, const Variant& variant) {
  if (variant.patched) return swap.load(modules, variant.parameters);
  swap.restore();
  const std::string vendor = kvm::vendor_module(kvm::machine_vendor());
  kvm::Kmod().probe(vendor);
}

}  // namespace

std::vector<Cost> measure_cost(const CostOptions& options) {
  Machine machine(1);
  machine.vcpu(0).set_cpuid(supported_cpuid());
  run_once(machine, options.exits / 10 + 1, options.leaf);
  std::vector<Cost> costs;
  for (unsigned i = 0; i < options.repeats; ++i)
    costs.push_back(run_once(machine, options.exits, options.leaf));
  return costs;
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
      {.name = "stock again"},
      {.name = "stock, histogram trigger on kvm_exit", .tracing = Tracing::histogram},
      {.name = "stock, ftrace kvm_exit and kvm_entry", .tracing = Tracing::events}};
}

void measure_overhead(const std::filesystem::path& modules, const std::filesystem::path& runtime,
                      const CostOptions& options,
                      const std::function<void(const VariantCost&)>& sink) {
  kvm::ModuleSwap swap(runtime);
  for (const Variant& variant : overhead_variants()) {
    VariantCost result{.name = variant.name};
    try {
      load(swap, modules, variant);
      result.costs = measure_traced(variant, options);
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::interrupted) throw;
      result.why = error.what();
    }
    sink(result);
  }
  swap.restore();
}

}  // namespace lab::vmm
