// SPDX-License-Identifier: MIT
// Measures the cost of an exit: the time of guests that do nothing but cause exits of one kind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::vmm {

// Names the exit's kind, in the manner of kvm-unit-tests' vmexit.
enum class ExitKind {
  cpuid,
  hypercall,  // a number that KVM does not know
  port,       // OUT of a byte, taken by an eventfd in KVM
  msr,        // WRMSR of EFER's own value
  cr4,        // a write of its own value
  hlt,        // four exits: an IPI to itself, HLT, the interrupt's begin and end
  ipi,        // six: from one vCPU to another and back, each waiting for it in HLT
  nested,     // CPUID and HLT of the guest's own guest (SVM only)
};
// Lists the kinds that `lab bench overhead` measures.
inline constexpr ExitKind exit_kinds[] = {ExitKind::cpuid, ExitKind::hypercall, ExitKind::port,
                                          ExitKind::msr,   ExitKind::cr4,       ExitKind::hlt,
                                          ExitKind::ipi};
std::string_view to_string(ExitKind kind);

struct CostOptions {
  std::uint64_t exits = 5'000;  // for hlt and ipi: rounds of several exits
  unsigned repeats = 5;
  ExitKind kind = ExitKind::cpuid;
  std::uint32_t leaf = 1;  // for cpuid
  bool tracing = true;     // measure_overhead(): also measures tracing of exits
};

// Is the cost of one exit or round in one repeat. The time stamp counter counts instructions where
// this machine is emulated with -icount shift=0, else cycles.
struct Cost {
  double nanoseconds = 0;  // CLOCK_MONOTONIC_RAW
  double ticks = 0;        // time stamp counter
};

// Runs one warm-up, then the repeats.
std::vector<Cost> measure_cost(const CostOptions& options);

// Is one line of the comparison: modules, parameters, and the tracing of exits.
struct Variant {
  std::string name;
  bool patched = false;
  std::map<std::string, std::string> parameters;
  enum class Tracing {
    none,
    histogram,    // tracefs: hist:keys=exit_reason
    events,       // tracefs: kvm_exit and kvm_entry, in its ring buffer
    perf_stat,    // perf stat -e kvm:kvm_exit
    perf_record,  // perf kvm stat record, into a file in memory
  } tracing = Tracing::none;
};
std::vector<Variant> overhead_variants();

struct VariantCost {
  std::string name;
  ExitKind kind = ExitKind::cpuid;
  std::vector<Cost> costs;  // empty: not measured, `why` gives the reason
  std::string why;
  std::optional<double> bytes;  // that tracing wrote, for each exit or round
};

// Loads each variant's modules in turn (stock ones are back at the end) and measures each kind.
// Ignores `options.kind`.
void measure_overhead(const std::filesystem::path& modules, const std::filesystem::path& runtime,
                      const CostOptions& options,
                      const std::function<void(const VariantCost&)>& sink);

}  // namespace lab::vmm
