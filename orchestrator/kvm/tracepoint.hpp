// SPDX-License-Identifier: MIT
// An independent count of exits: a tracefs histogram on the kernel's kvm:kvm_exit tracepoint.
// It costs several times what lab's own counters do, so it is for proving them, not for use.
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

// Counts the exits of all VMs of this machine, by exit reason, from its making to its end: in a
// histogram, or, where the kernel has none (CONFIG_HIST_TRIGGERS; Debian's 5.10), by keeping every
// event in a buffer of its own.
class ExitTracepoint {
 public:
  // Error (infrastructure) where tracefs or the tracepoint is not there.
  ExitTracepoint();
  ExitTracepoint(const ExitTracepoint&) = delete;
  ExitTracepoint& operator=(const ExitTracepoint&) = delete;
  ~ExitTracepoint();

  // Basic exit reason or SVM exit code → exits so far. Error (infrastructure) where some were lost.
  std::map<std::uint32_t, std::uint64_t> read() const;

 private:
  bool histogram_;
};

// Writes into a file of tracefs, named from its root on. Error (infrastructure) where that fails.
void write_tracefs(const std::filesystem::path& name, const std::string& text);

// Makes an instance of tracefs, named from its root on, in the place of one that a killed lab left:
// events with a buffer and triggers of their own. Its folder is removed as any folder is. Error
// (infrastructure) where that fails.
void make_tracefs_instance(const std::filesystem::path& name);

// The text of a histogram file with the key exit_reason, as Documentation/trace/histogram.rst of
// the kernel describes it. Error (infrastructure) where it dropped entries.
std::map<std::uint32_t, std::uint64_t> parse_exit_histogram(std::string_view text);

// The number in a line of the tracepoint's text, "… kvm_exit: vcpu 0 reason npf rip 0x…"; nothing
// in lines of other kinds. Error (infrastructure) for a reason without a known name.
std::optional<std::uint32_t> parse_exit_line(std::string_view line, exits::Vendor vendor);

}  // namespace lab::kvm
