// SPDX-License-Identifier: MIT
// Limits a record's causes to those that fit into a number of bytes of JSON.
#pragma once

#include "orchestrator/record/record.hpp"

namespace lab::record {

// Prepares the causes of a new record for storage. Cleans and cuts texts, combines equal causes,
// and sorts them by exits, most first. Keeps the largest causes within causes_bytes, shared fairly
// over the steps, and sums the others per number into one cause "(others)". A step without room
// even for these sums loses its causes altogether. Otherwise the sums per number do not change.
void bound_causes(Record& record);

}  // namespace lab::record
