// SPDX-License-Identifier: MIT
// Counts exits independently of lab's patch: by a tracefs histogram on the tracepoint kvm:kvm_exit.
// It costs several times what lab's own counters do, so it proves them and does not replace them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/exits/reasons/reasons.hpp"

namespace lab::kvm {

inline constexpr const char* tracefs_root = "/sys/kernel/tracing";

// Counts the exits of all VMs of this machine by exit reason, from its construction to its end. It
// uses a histogram, or, where the kernel has none (CONFIG_HIST_TRIGGERS; Debian's 5.10), keeps
// every event in a buffer of its own.
class ExitTracepoint {
 public:
  // Throws an infrastructure error where tracefs or the tracepoint is missing.
  ExitTracepoint();
  ExitTracepoint(const ExitTracepoint&) = delete;
  ExitTracepoint& operator=(const ExitTracepoint&) = delete;
  ~ExitTracepoint();

  // Returns the exits so far by VMX or SVM exit number. Throws an infrastructure error if some are
  // lost.
  std::map<std::uint32_t, std::uint64_t> read() const;

 private:
  bool histogram_;
};

// Writes to a file of tracefs, named from its root on. Throws an infrastructure error on failure.
void write_tracefs(const std::filesystem::path& name, const std::string& text);

// Makes an instance of tracefs, named from its root on, and replaces one that a killed lab left. It
// has its own buffer and triggers. Remove its folder as any other. Throws an infrastructure error
// on failure.
void make_tracefs_instance(const std::filesystem::path& name);

// Parses a histogram file with the key exit_reason (the kernel's
// Documentation/trace/histogram.rst). Throws an infrastructure error where it dropped entries.
std::map<std::uint32_t, std::uint64_t> parse_exit_histogram(std::string_view text);

// Returns the exit number of a line of the tracepoint's text, "… kvm_exit: vcpu 0 reason npf rip
// 0x…"; nothing for other lines. Throws an infrastructure error where the reason is unknown.
std::optional<std::uint32_t> parse_exit_line(std::string_view line, exits::Vendor vendor);

}  // namespace lab::kvm
