// SPDX-License-Identifier: MIT
// What exits were about, as the kernel's own tracepoints say it: tracefs histograms on kvm:kvm_pio,
// kvm_msr, kvm_cpuid, kvm_cr, kvm_page_fault, kvm_mmio and kvm_fast_mmio, and on some of kvm_exit.
// They are for proving lab's causes, not for use.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/traced/traced_details.hpp"

namespace lab::kvm {

// Counts the events of all VMs of this machine from its making to its end.
class DetailTracepoints {
 public:
  // Whether the kernel has histograms (CONFIG_HIST_TRIGGERS; Debian's 5.10 has none).
  static bool possible();

  // Error (infrastructure) where tracefs or a tracepoint is not there.
  DetailTracepoints();
  DetailTracepoints(const DetailTracepoints&) = delete;
  DetailTracepoints& operator=(const DetailTracepoints&) = delete;
  ~DetailTracepoints();

  // So far. Error (infrastructure) where a histogram had no room for some.
  exits::TracedDetails read() const;

 private:
  void remove();

  std::vector<std::string> set_;  // tracepoints whose trigger is ours
};

// Values of a histogram's keys, in the order of `keys` → events.
using HistogramEvents = std::map<std::vector<std::uint64_t>, std::uint64_t>;

// The text of a histogram file, as Documentation/trace/histogram.rst of the kernel describes it.
// Error (infrastructure) where it dropped entries or lacks a key.
HistogramEvents parse_histogram(std::string_view text, const std::vector<std::string>& keys);

}  // namespace lab::kvm
