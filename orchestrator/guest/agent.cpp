// SPDX-License-Identifier: MIT
#include "orchestrator/guest/agent.hpp"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/interrupt.hpp"

namespace lab::guest {
namespace {

using nlohmann::json;

json agent_command(virDomain* domain, const json& command) {
  constexpr int timeout_seconds = 30;
  const std::string name = virDomainGetName(domain);  // later it would clear libvirt's error
  const TextPtr answer(
      virDomainQemuAgentCommand(domain, command.dump().c_str(), timeout_seconds, 0));
  if (!answer) throw_libvirt_error("ask the guest agent of", name);
  try {
    return json::parse(answer.get()).at("return");
  } catch (const json::exception& error) {
    throw base::infrastructure_error(std::string("the guest agent's answer: ") + error.what());
  }
}

std::string decode_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) throw base::infrastructure_error("the guest agent's answer: bad base64");
  bytes.resize(static_cast<std::size_t>(length));
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) bytes.pop_back();
  return bytes;
}

AgentOutcome outcome_of(const json& status) {
  AgentOutcome outcome;
  outcome.exit_code = status.value("exitcode", 128 + status.value("signal", 0));
  outcome.output = decode_base64(status.value("out-data", ""));
  outcome.errors = decode_base64(status.value("err-data", ""));
  return outcome;
}

}  // namespace

AgentOutcome agent_run(virConnect* connection, const std::string& name, const std::string& command,
                       std::chrono::seconds limit) {
  const DomainPtr domain(virDomainLookupByName(connection, name.c_str()));
  if (!domain) throw_libvirt_error("find domain", name);
  const json started = agent_command(
      domain.get(),
      {{"execute", "guest-exec"},
       {"arguments", {{"path", "/bin/sh"}, {"arg", {"-c", command}}, {"capture-output", true}}}});
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    const json status = agent_command(domain.get(), {{"execute", "guest-exec-status"},
                                                     {"arguments", {{"pid", started.at("pid")}}}});
    if (status.value("exited", false)) return outcome_of(status);
    base::sleep_interruptibly(0.2);
  }
  throw base::Error(
      base::ErrorKind::timed_out,
      "the command in '" + name + "' was not done within " + std::to_string(limit.count()) + " s");
}

}  // namespace lab::guest
