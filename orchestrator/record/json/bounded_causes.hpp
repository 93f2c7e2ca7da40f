// SPDX-License-Identifier: MIT
// How many causes a record keeps: as many as fit into so many bytes of JSON.
#pragma once

#include "orchestrator/record/record.hpp"

namespace lab::record {

// Makes the causes of a record that was just made fit to be kept. Texts are cleaned and cut, equal
// causes put together, most exits first. What is beyond causes_bytes, in the largest first and
// shared fairly over the steps, is summed per number into one cause "(others)". A step where not
// even these sums have room loses its causes altogether. Sums per number stay as they were.
void bound_causes(Record& record);

}  // namespace lab::record
