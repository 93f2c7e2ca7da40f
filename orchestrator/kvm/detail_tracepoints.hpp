// SPDX-License-Identifier: MIT
// Counts the details of exits by the kernel's own tracepoints: tracefs histograms on kvm:kvm_pio,
// kvm_msr, kvm_cpuid, kvm_cr, kvm_page_fault, kvm_mmio and kvm_fast_mmio, and on some of kvm_exit.
// They exist to prove lab's causes, not for everyday use.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/exits/traced/traced_details.hpp"

namespace lab::kvm {

// Counts the events of all VMs of this machine from its construction to its end.
class DetailTracepoints {
 public:
  // Returns whether the kernel has histograms (CONFIG_HIST_TRIGGERS; Debian's 5.10 has none).
  static bool possible();

  // Throws an infrastructure error where tracefs or a tracepoint is missing.
  DetailTracepoints();
  DetailTracepoints(const DetailTracepoints&) = delete;
  DetailTracepoints& operator=(const DetailTracepoints&) = delete;
  ~DetailTracepoints();

  // Returns the events so far. Throws an infrastructure error if a histogram was too small.
  exits::TracedDetails read() const;

 private:
  void remove();

  std::vector<std::string> set_;  // tracepoints whose trigger is ours
};

// Maps the values of a histogram's keys, in the order of `keys`, to the number of events.
using HistogramEvents = std::map<std::vector<std::uint64_t>, std::uint64_t>;

// Parses a histogram file as the kernel's Documentation/trace/histogram.rst describes it. Throws an
// infrastructure error where it dropped entries or lacks a key.
HistogramEvents parse_histogram(std::string_view text, const std::vector<std::string>& keys);

}  // namespace lab::kvm
