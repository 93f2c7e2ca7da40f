// SPDX-License-Identifier: MIT
// What lab run and its lanes say to each other: JSON lines on a lane's standard input and output.
//
// A lane says who it is first. Each piece of work that it is given it answers with the events that
// an outer VM sends (trial/stream/event), up to an end. Both sides say every few seconds that they
// are alive: a connection may break without either's noticing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/scenario/scenario.hpp"
#include "orchestrator/trial/stream/event.hpp"

namespace lab::lane {

inline constexpr unsigned protocol = 1;

// A lane's first line.
struct Greeting {
  unsigned protocol = lane::protocol;
  std::string lab;   // inside::version()
  std::string node;  // its machine's name, printable ASCII
  std::string host;  // "2 x AMD EPYC ..."

  bool operator==(const Greeting&) const = default;
};

// Trials that a lane runs one after the other in one outer VM, or all that they are made of.
struct Work {
  bool provide = false;  // run::fill_caches, no trial: lab provide
  std::string site;      // never auto
  bool verify_tracepoint = false;
  double time_scale = 1;  // of the limits around the trials
  std::vector<scenario::TrialPlan> plans;
};

inline constexpr std::string_view alive_line = R"({"type":"alive"})";
// Seconds after which the other side is gone. Each says six times as often that it is alive.
inline constexpr double usual_silence = 60;
inline constexpr double alive_every(double silence) {
  return silence / 6;
}
inline constexpr std::size_t max_greeting_bytes = 4096;
inline constexpr std::size_t max_work_bytes = 64u << 20;

// Who this process would be as a lane.
Greeting this_lane();

// Each is one line, without its newline. The from_ functions throw Error (infrastructure) on
// anything malformed; of plans, what plan_from_object throws.
std::string to_json(const Greeting& greeting);
Greeting greeting_from_json(std::string_view line);
std::string to_json(const Work& work);
Work work_from_json(std::string_view line);

// Why a lane with this greeting cannot work for this lab; "" where it can.
std::string refusal(const Greeting& greeting, const Greeting& ours);

}  // namespace lab::lane
