// SPDX-License-Identifier: MIT
// Nights of the gate, made of recorded trials in which nothing changed: a baseline is accepted, new
// trials of one run are checked, what is suspected is tried again. How often that is right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "orchestrator/check/simulation/resample.hpp"

namespace lab::check {

// So many more exits of a reason, in every new trial and in what is tried again as now.
struct Injection {
  Row row;  // of a comparison of the recorded trials
  double share = 0;
};

struct Night {
  std::size_t baseline = 16;  // accepted trials, of any run but the night's
  // Some condition differs from the baseline's (the kernel, say), so that both sides are tried
  // again in turn: by trials of any run, as what drifts drifts over both. Else by more new ones.
  bool a_condition_differs = false;
  std::optional<Injection> injected;
};

struct Replayed {
  Rates rates;
  std::size_t refused = 0;      // baselines that would not have been accepted, or need too many
  std::size_t wanted_more = 0;  // checks that would have run more trials than the night's run has
};

// `times` checks, each of another night: one run's trials are the new ones (as many as `lab check`
// plans), drawn without replacement like all others. None where there are too few runs.
Replayed replay(const Cell& recorded, const Night& night, std::size_t times,
                const GateOptions& options, std::uint64_t seed);

// The cell's reasons of which a change by this share is so large that no check may pass it.
std::vector<Row> reasons_that_must_not_pass(const Cell& cell, double share,
                                            const GateOptions& options);

}  // namespace lab::check
