// SPDX-License-Identifier: MIT
// Reads and writes a trial's timeline as compact JSON: times as differences in milliseconds, and
// for each exit number its counts, where -n stands for n zeros.
#pragma once

#include "orchestrator/record/json/json_fields.hpp"
#include "orchestrator/record/record.hpp"

namespace lab::record {

ordered_json timeline_json(const Timeline& timeline);
Timeline timeline_from(const ordered_json& object);  // throws an infrastructure error

}  // namespace lab::record
