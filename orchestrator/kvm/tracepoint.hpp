// SPDX-License-Identifier: MIT
// An independent count of exits: a tracefs histogram on the kernel's kvm:kvm_exit tracepoint.
// It costs several times what lab's own counters do, so it is for proving them, not for use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string_view>

namespace lab::kvm {

// Counts the exits of all VMs of this machine, by exit reason, from its making to its end.
class ExitTracepoint {
 public:
  // Error (infrastructure) where tracefs or the tracepoint is not there.
  ExitTracepoint();
  ExitTracepoint(const ExitTracepoint&) = delete;
  ExitTracepoint& operator=(const ExitTracepoint&) = delete;
  ~ExitTracepoint();

  // Basic exit reason or SVM exit code → exits so far.
  std::map<std::uint32_t, std::uint64_t> read() const;

 private:
  std::filesystem::path folder_;
};

// The text of a histogram file with the key exit_reason, as Documentation/trace/histogram.rst of
// the kernel describes it. Error (infrastructure) where it dropped entries.
std::map<std::uint32_t, std::uint64_t> parse_exit_histogram(std::string_view text);

}  // namespace lab::kvm
