// SPDX-License-Identifier: MIT
// Running a command inside a machine through the QEMU guest agent.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/guest/libvirt/connection.hpp"

namespace lab::guest {

struct AgentOutcome {
  int exit_code = -1;
  std::string output, errors;  // at most 16 MiB each (the agent's own limit)
};

// What the agent says of a command (guest-exec-status, with {"return": ...} around it); nullopt
// while it runs. Error (infrastructure) on anything else: the answer comes out of the machine.
std::optional<AgentOutcome> parse_agent_status(std::string_view answer);

// Runs `/bin/sh -c command` in the domain and waits for its end. Error (infrastructure) where the
// domain or its agent does not answer; Error (timed_out) after `limit`.
AgentOutcome agent_run(virConnect* connection, const std::string& domain,
                       const std::string& command, std::chrono::seconds limit);

}  // namespace lab::guest
