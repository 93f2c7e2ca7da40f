// SPDX-License-Identifier: MIT
// The keys of each kind of step. For the loader only.
#pragma once

#include "orchestrator/scenario/keys/read_member.hpp"
#include "orchestrator/scenario/scenario.hpp"

namespace lab::scenario {

struct StepKey : KeyInfo {
  ReadKey<Step> read;
};

struct StepForm {
  std::string_view meaning;
  std::string_view place;  // where in the list it may stand, if not everywhere
  std::span<const StepKey> keys;
  bool may_be_empty = false;  // "- reboot:" is as good as "- reboot: {}"
  const StepKey* alone =
      nullptr;  // the key whose value may stand for the whole map: "- sleep: 10 s"
};

// The keys of a host step are `name`, `timeout`, then the actions as their enumeration has them.
const StepForm& step_form(Step::Kind kind);
std::span<const StepKey> host_actions();

// Of the action `pin`, and of `until` where it is a map.
std::span<const StepKey> pin_keys();
std::span<const StepKey> until_keys();

}  // namespace lab::scenario
