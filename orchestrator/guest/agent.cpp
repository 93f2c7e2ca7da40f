// SPDX-License-Identifier: MIT
#include "orchestrator/guest/agent.hpp"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/base/process/interrupt.hpp"

namespace lab::guest {
namespace {

using nlohmann::json;

// Limits the agent's answer: its own limit is 16 MiB each of output and errors, in base64.
constexpr base::JsonLimits answer_limits{
    .bytes = 64u << 20, .depth = 8, .values = 1024, .text = 32u << 20};

json result_in(std::string_view answer) {
  try {
    return base::need(base::parse_json(answer, answer_limits), "return");
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("the guest agent's answer: ") + error.what());
  }
}

std::string agent_command(virDomain* domain, const json& command) {
  constexpr int timeout_seconds = 30;
  const std::string name = virDomainGetName(domain);  // a later call would clear libvirt's error
  const CallLimit limit(virDomainGetConnect(domain), "", 2);  // the agent has a limit of its own
  const TextPtr answer(
      virDomainQemuAgentCommand(domain, command.dump().c_str(), timeout_seconds, 0));
  if (!answer) throw_libvirt_error("ask the guest agent of", name);
  return answer.get();
}

std::string decode_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) throw base::infrastructure_error("the guest agent's answer: bad base64");
  bytes.resize(static_cast<std::size_t>(length));
  const std::size_t padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
  if (padding > 2) throw base::infrastructure_error("the guest agent's answer: bad base64");
  bytes.resize(bytes.size() - padding);
  return bytes;
}

DomainPtr find_domain(virConnect* connection, const std::string& name) {
  const CallLimit limit(connection);
  DomainPtr domain(virDomainLookupByName(connection, name.c_str()));
  if (!domain) throw_libvirt_error("find domain", name);
  return domain;
}

AgentOutcome parse_outcome(const json& status) {
  AgentOutcome outcome;
  if (status.contains("exitcode"))
    outcome.exit_code = int(base::whole_number(status["exitcode"], "exitcode", 0, 255));
  else if (status.contains("signal"))
    outcome.exit_code = 128 + int(base::whole_number(status["signal"], "signal", 0, 127));
  else
    outcome.exit_code = 128;
  outcome.output = decode_base64(status.value("out-data", ""));
  outcome.errors = decode_base64(status.value("err-data", ""));
  return outcome;
}

}  // namespace

std::optional<AgentOutcome> parse_agent_status(std::string_view answer) {
  const json status = result_in(answer);
  try {
    if (!status.value("exited", false)) return std::nullopt;
    return parse_outcome(status);
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("the guest agent's answer: ") + error.what());
  }
}

AgentOutcome agent_run(virConnect* connection, const std::string& name, const std::string& command,
                       std::chrono::seconds limit) {
  const DomainPtr domain = find_domain(connection, name);
  const json started = result_in(agent_command(
      domain.get(),
      {{"execute", "guest-exec"},
       {"arguments", {{"path", "/bin/sh"}, {"arg", {"-c", command}}, {"capture-output", true}}}}));
  if (!started.is_object() || !started.contains("pid"))
    throw base::infrastructure_error("the guest agent's answer: no 'pid'");
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    const std::string answer = agent_command(
        domain.get(), {{"execute", "guest-exec-status"}, {"arguments", {{"pid", started["pid"]}}}});
    if (auto outcome = parse_agent_status(answer)) return *std::move(outcome);
    base::sleep_interruptibly(0.2);
  }
  throw base::Error(
      base::ErrorKind::timed_out,
      "the command in '" + name + "' was not done within " + std::to_string(limit.count()) + " s");
}

}  // namespace lab::guest
