// SPDX-License-Identifier: MIT
// Contains what the loader's tests share.
#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/scenario/loader/plan_json.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

inline const std::string small =
    "version: 1\n"
    "name: tiny-boot\n"
    "image: tiny\n"
    "steps:\n"
    "  - boot: {until: reader}\n";

struct Bad {
  std::string from, to, message;
};

inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// Return the small scenario with more lines before its steps, or with more steps.
inline std::string before_steps(const std::string& lines) {
  return with(small, "steps", lines + "\nsteps");
}
inline std::string with_steps(const std::string& lines) {
  return small + lines;
}

// Returns the error's message and hint; "" where there is none.
inline std::string error_of(const std::string& text,
                            const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, "s.yaml", overrides);
    return "";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    return std::string(error.what()) + " | " + error.hint();
  }
}

// Returns the plan as it arrives in the outer VM and in a baseline.
inline TrialPlan travelled(const TrialPlan& plan) {
  return plan_from_object(nlohmann::ordered_json::parse(to_object(plan).dump()));
}

inline Settings settings_of(const std::string& lines) {
  return expand(parse(before_steps(lines), "s.yaml")).at(0).settings;
}

}  // namespace lab::scenario
