// SPDX-License-Identifier: MIT
// A domain as libvirt's XML.
#pragma once

#include <string>

#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

// libvirt's domain XML, every string escaped. QEMU runs as lab's own user (a DAC label), so that
// it may read lab's caches; libvirt relabels nothing. `apparmor`: this machine has it, and the
// domain is not to be confined by it. Only the devices that are asked for are there.
std::string domain_xml(const DomainSpec& spec, bool apparmor = false);

}  // namespace lab::guest
