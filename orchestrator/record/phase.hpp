// SPDX-License-Identifier: MIT
// Names the phases that the time of a run is spent in.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lab::record {

struct Phase {
  enum class Kind {
    other,       // something is made or fetched, or ends: `name` is its name
    outer_vm,    // an outer VM boots, until its job begins
    modules,     // the patched modules are loaded
    start,       // the guests are made
    step,        // a step of the scenario, its boot among them: `name` is the step's
    reader,      // the guests' readers start behind a boot that does not wait for them
    self_check,  // the counts are compared at rest
    cleanup,     // the guests end
    trial,       // a whole trial, without the loading of modules
  };
  Kind kind = Kind::other;
  std::string name;

  auto operator<=>(const Phase&) const = default;
};

// Returns the phase's name for people: "outer VM", "boot", "step idle".
std::string in_words(const Phase& phase);

// Returns the kind's name for streams, such as "step".
std::string_view to_string(Phase::Kind kind);
std::optional<Phase::Kind> parse_phase_kind(std::string_view text);

struct Timing {
  Phase phase;
  double seconds = 0;

  bool operator==(const Timing&) const = default;
};
using Timings = std::vector<Timing>;  // in the order in which the phases happened

// Returns the key of a record's `timings` that stands for a phase: a step's is its name, unless
// another kind of phase has that name ("step trial").
std::string timing_key(const Phase& phase);
// Returns the phase that a key stands for, in a record with steps of these names.
Phase phase_of_key(const std::string& key, const std::vector<std::string>& steps);

// Returns how long a trial took: the measured time of the whole, or else the sum of its parts.
double trial_seconds(const Timings& timings);

}  // namespace lab::record
