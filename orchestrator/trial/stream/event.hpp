// SPDX-License-Identifier: MIT
// Defines what a site reports while it works: the same events in process and, as JSON lines, over
// the one port that leads out of an outer VM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/exits/reasons/reasons.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::trial {

inline constexpr std::size_t max_live_causes = 10;
inline constexpr std::size_t max_cause_text = 256;  // bytes

// Contains the exits of the running guests so far, summed over all guests.
struct Sample {
  struct Reason {
    std::uint32_t number = 0;
    std::uint64_t exits = 0, cycles = 0;

    bool operator==(const Reason&) const = default;
  };
  struct Cause {
    std::uint32_t number = 0;  // of the exit reason
    std::string text;          // "DETAIL, PLACE"
    std::uint64_t exits = 0;

    bool operator==(const Cause&) const = default;
  };
  // Counts the exits between two readings of the causes, which may be seconds apart.
  struct Causes {
    std::uint64_t exits = 0;     // of all causes
    std::vector<Cause> leading;  // most exits first, at most max_live_causes

    bool operator==(const Causes&) const = default;
  };
  std::optional<exits::Vendor> vendor;
  bool emulated = false;
  std::uint64_t exits = 0;
  std::vector<Reason> reasons;   // only in some samples; omits those that did not happen
  std::optional<Causes> causes;  // only with reasons, where causes are counted

  bool operator==(const Sample&) const = default;
};

// Reports that a phase begins, in the event's trial or outside of trials.
struct PhaseBegun {
  record::Phase phase;
  std::string detail;  // for people, printed in brackets after the phase
};

// Contains what libvirt caches of QEMU's capabilities (inside/machine/capabilities).
struct Capabilities {
  std::string file;  // its name
  std::string text;
};

// Reports that the job is over and the stream complete: the lane has nothing left to do.
struct End {};

struct Event {
  std::string trial;  // its name; may be empty
  // A base::Error is the error that stopped the job.
  std::variant<PhaseBegun, Sample, record::Record, base::Error, Capabilities, End> what;
  unsigned lane = 0;      // the number of the outer VM, from 1 (run/lanes); not in JSON
  std::string node = {};  // the machine, where it may be a remote one (lane); not in JSON

  template <typename What>
  bool is() const {
    return std::holds_alternative<What>(what);
  }
  // Returns null for an event of another kind.
  template <typename What>
  const What* get() const {
    return std::get_if<What>(&what);
  }
};

// Returns the event of a phase outside of trials.
Event other_phase(const std::string& name, const std::string& detail = "");

using Sink = std::function<void(const Event&)>;

inline constexpr std::size_t max_event_bytes = 4u << 20;

// Returns one line, without its newline.
std::string to_json(const Event& event);

// Throws an infrastructure error on anything malformed: the outer VM is not trusted either.
Event event_from_json(std::string_view line);

// Convert a sample alone, for `lab top`. Throws an infrastructure error on anything malformed.
nlohmann::ordered_json to_object(const Sample& sample);
Sample sample_from_object(const nlohmann::ordered_json& object);

}  // namespace lab::trial
