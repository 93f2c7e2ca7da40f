// SPDX-License-Identifier: MIT
// A domain as libvirt's XML.
#pragma once

#include <string>

#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

// libvirt's domain XML, every string escaped; libvirt relabels nothing. Only the devices that are
// asked for are there.
std::string domain_xml(const DomainSpec& spec, const Confinement& confinement = {});

}  // namespace lab::guest
