// SPDX-License-Identifier: MIT
// Replays nights of the gate with recorded trials in which nothing changed, and counts how often it
// is right: it accepts a baseline, checks new trials of one run, and confirms suspicions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "orchestrator/check/simulation/resample.hpp"

namespace lab::check {

// Adds a share of a reason's exits to every new trial, also of a confirmation's new side.
struct Injection {
  Row row;  // of a comparison of the recorded trials
  double share = 0;
};

struct Night {
  std::size_t baseline = 16;  // accepted trials, of any run but the night's
  // Says that some condition differs from the baseline's (the kernel, say). A confirmation then
  // tries both sides in turn, by trials of any run, as drift affects both. Otherwise it takes more
  // new trials.
  bool a_condition_differs = false;
  std::optional<Injection> injected;
};

struct Replayed {
  Rates rates;
  std::size_t refused = 0;      // baselines that would not have been accepted, or need too many
  std::size_t wanted_more = 0;  // checks that needed more trials than the night's run has
};

// Makes `times` checks, each of another night: one run's trials are the new ones (as many as `lab
// check` plans), drawn without replacement like all others. Makes none where there are too few
// runs.
Replayed replay(const Cell& recorded, const Night& night, std::size_t times,
                const GateOptions& options, std::uint64_t seed);

// Returns the cell's reasons for which no check may pass a change by this share, as it is so large.
std::vector<Row> reasons_that_must_not_pass(const Cell& cell, double share,
                                            const GateOptions& options);

}  // namespace lab::check
