// SPDX-License-Identifier: MIT
// Defines the keys of each kind of step. For the loader only.
#pragma once

#include "orchestrator/scenario/keys/read_member.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

struct StepKey : KeyInfo {
  ReadKey<Step> read;
};

struct StepForm {
  std::string_view meaning;
  std::string_view place;  // its allowed place in the list, where not every place is
  std::span<const StepKey> keys;
  bool may_be_empty = false;       // "- reboot:" is as good as "- reboot: {}"
  const StepKey* alone = nullptr;  // the key whose value may replace the whole map: "- sleep: 10 s"
};

// Returns the kind's keys; those of a host step are `name`, `timeout`, then the actions in the
// order of their enumeration.
const StepForm& step_form(Step::Kind kind);
std::span<const StepKey> host_actions();

// Return the keys of the action `pin`, and of `until` where it is a map.
std::span<const StepKey> pin_keys();
std::span<const StepKey> until_keys();

}  // namespace lab::scenario
