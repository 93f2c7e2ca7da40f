// SPDX-License-Identifier: MIT
// Defines the messages of lab run and its lanes: JSON lines on a lane's standard input and output.
//
// A lane first sends a greeting. It answers each piece of work with the events that an outer VM
// sends (trial/stream/event), up to an end. Both sides send alive_line every few seconds, because a
// connection may break without either side noticing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::lane {

inline constexpr unsigned protocol = 1;

// Introduces a lane; it is the lane's first line.
struct Greeting {
  unsigned protocol = lane::protocol;
  std::string lab;   // inside::version()
  std::string node;  // its machine's name, printable ASCII
  std::string host;  // "2 x AMD EPYC ..."

  bool operator==(const Greeting&) const = default;
};

// Lists trials that a lane runs one after the other in one outer VM, or whose caches it fills.
struct Work {
  bool provide = false;  // for lab provide: run::fill_caches, no trial
  std::string site;      // never auto
  bool verify_tracepoint = false;
  double time_scale = 1;  // of the limits around the trials
  std::vector<scenario::TrialPlan> plans;
};

inline constexpr std::string_view alive_line = R"({"type":"alive"})";
// A side counts as gone after so many silent seconds. Each sends alive_line six times as often.
inline constexpr double usual_silence = 60;
inline constexpr double alive_every(double silence) {
  return silence / 6;
}
inline constexpr std::size_t max_greeting_bytes = 4096;
inline constexpr std::size_t max_work_bytes = 64u << 20;

// Returns the greeting that this process would send as a lane.
Greeting this_lane();

// Each text is one line, without its newline. The functions *_from_json throw Error
// (infrastructure) where the line is malformed; for malformed plans, what plan_from_object throws.
std::string to_json(const Greeting& greeting);
Greeting greeting_from_json(std::string_view line);
std::string to_json(const Work& work);
Work work_from_json(std::string_view line);

// Returns why a lane with this greeting cannot work for this lab; "" where it can.
std::string refusal(const Greeting& greeting, const Greeting& ours);

}  // namespace lab::lane
