// SPDX-License-Identifier: MIT
#include "orchestrator/guest/domain/qmp.hpp"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>

#include <cstdlib>
#include <memory>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/json.hpp"
#include "orchestrator/guest/libvirt/call_limit.hpp"

namespace lab::guest {

nlohmann::json ask_qemu(virDomain* domain, const std::string& command,
                        const nlohmann::json& arguments) {
  const nlohmann::json question{{"execute", command}, {"arguments", arguments}};
  const CallLimit limit(virDomainGetConnect(domain), virDomainGetName(domain));
  char* answer = nullptr;
  if (virDomainQemuMonitorCommand(domain, question.dump().c_str(), &answer, 0) != 0)
    throw_libvirt_error("ask QEMU for", command);
  const TextPtr text(answer);
  const auto json = base::try_parse_json(text.get());
  if (json && json->is_object() && json->contains("return")) return json->at("return");
  throw base::infrastructure_error("QEMU's answer to '" + command + "': " + text.get());
}

}  // namespace lab::guest
