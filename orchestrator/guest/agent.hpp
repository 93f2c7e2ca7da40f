// SPDX-License-Identifier: MIT
// Runs a command inside a machine through the QEMU guest agent.
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

// Parses the agent's answer about a command (guest-exec-status, inside {"return": ...}); returns
// nullopt while it runs. Throws an infrastructure error on anything else: the answer comes out of
// the machine.
std::optional<AgentOutcome> parse_agent_status(std::string_view answer);

// Runs `/bin/sh -c command` in the domain and waits for its end. Throws an infrastructure error
// where the domain or its agent does not answer, and Error (timed_out) after `limit`.
AgentOutcome agent_run(virConnect* connection, const std::string& domain,
                       const std::string& command, std::chrono::seconds limit);

}  // namespace lab::guest
