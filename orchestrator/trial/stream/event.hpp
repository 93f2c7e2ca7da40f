// SPDX-License-Identifier: MIT
// What a site reports while it works: the same events in process and, as JSON lines, over the one
// port that leads out of an outer VM.
#pragma once

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
#include "orchestrator/trial/observe/sample.hpp"

namespace lab::trial {

// A phase begins: of the event's trial, or outside of trials.
struct PhaseBegun {
  record::Phase phase;
  std::string detail;  // for people, shown in brackets behind it
};

// What libvirt keeps of QEMU's abilities (inside/machine/capabilities).
struct Capabilities {
  std::string file;  // its name
  std::string text;
};

// The job is over and the stream whole: the lane has nothing left to do.
struct End {};

struct Event {
  std::string trial;  // of which trial; may be empty
  // An Error stopped the job.
  std::variant<PhaseBegun, Sample, record::Record, base::Error, Capabilities, End> what;
  unsigned lane = 0;      // of the outer VMs that run at once, from 1 (run/lanes); not in JSON
  std::string node = {};  // the machine, where it may be another one (lane); not in JSON

  template <typename What>
  bool is() const {
    return std::holds_alternative<What>(what);
  }
  // Null where it is another kind of event.
  template <typename What>
  const What* get() const {
    return std::get_if<What>(&what);
  }
};

// A phase outside of trials.
Event other_phase(const std::string& name, const std::string& detail = "");

using Sink = std::function<void(const Event&)>;

inline constexpr std::size_t max_event_bytes = 4u << 20;

// One line, without its newline.
std::string to_json(const Event& event);

// Error (infrastructure) on anything malformed: the outer VM is not trusted either.
Event event_from_json(std::string_view line);

// A sample alone, for `lab top`. Error (infrastructure) on anything malformed.
nlohmann::ordered_json to_object(const Sample& sample);
Sample sample_from_object(const nlohmann::ordered_json& object);

}  // namespace lab::trial
