// SPDX-License-Identifier: MIT
// What a site tells while it works: the same events in process and, as JSON lines, over the one
// port that leads out of an outer VM.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/error.hpp"

namespace lab::trial {

struct Event {
  enum class Kind {
    phase,         // text: what begins now; trial: of which trial (may be empty)
    sample,        // exits, reasons: the running guests' so far; text: vendor; emulated
    record,        // text: a record as JSON
    error,         // text, hint, error_kind: what stopped the job
    end,           // the job is over, the stream whole; the lane has nothing left to do
    capabilities,  // text, hint: what libvirt keeps of QEMU, and its file's name
                   // (site/capabilities)
  };
  Kind kind = Kind::phase;
  std::string trial;
  std::string text;
  std::string hint;
  base::ErrorKind error_kind = base::ErrorKind::infrastructure;
  std::uint64_t exits = 0;
  struct Reason {
    std::uint32_t number = 0;
    std::uint64_t exits = 0, cycles = 0;

    bool operator==(const Reason&) const = default;
  };
  std::vector<Reason> reasons;  // of some samples; without those that did not happen
  bool emulated = false;
  unsigned lane = 0;  // of the outer VMs that run at once, from 1 (site/lanes); not in JSON
};

using Sink = std::function<void(const Event&)>;

inline constexpr std::size_t max_event_bytes = 4u << 20;

// One line, without its newline.
std::string to_json(const Event& event);

// Error (infrastructure) on anything malformed: the outer VM is not trusted either.
Event event_from_json(std::string_view line);

}  // namespace lab::trial
