// SPDX-License-Identifier: MIT
// Writes a domain as libvirt's XML.
#pragma once

#include <string>

#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

// Returns libvirt's domain XML with every string escaped; libvirt relabels nothing. It contains
// only the requested devices.
std::string domain_xml(const DomainSpec& spec, const Confinement& confinement = {});

}  // namespace lab::guest
