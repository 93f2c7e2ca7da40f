// SPDX-License-Identifier: MIT
// Running a command inside a machine through the QEMU guest agent.
#pragma once

#include <chrono>
#include <string>

#include "orchestrator/guest/connection.hpp"

namespace lab::guest {

struct AgentOutcome {
  int exit_code = -1;
  std::string output, errors;  // at most 16 MiB each (the agent's own limit)
};

// Runs `/bin/sh -c command` in the domain and waits for its end. Error (infrastructure) where the
// domain or its agent does not answer; Error (timed_out) after `limit`.
AgentOutcome agent_run(virConnect* connection, const std::string& domain,
                       const std::string& command, std::chrono::seconds limit);

}  // namespace lab::guest
