// SPDX-License-Identifier: MIT
#include "orchestrator/record/row.hpp"

namespace lab::record {

Row to_row(const Record& record) {
  return {.id = record.id,
          .run = record.run,
          .scenario = record.scenario,
          .trial = record.trial,
          .site = record.site,
          .repeat = record.repeat,
          .outcome = record.outcome,
          .start_time = std::chrono::floor<std::chrono::milliseconds>(record.start_time),
          .exits = record.steps.empty() ? std::nullopt : record.steps.front().exits};
}

}  // namespace lab::record
