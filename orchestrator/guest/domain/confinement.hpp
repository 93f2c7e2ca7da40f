// SPDX-License-Identifier: MIT
// Chooses the user as whom the QEMU of a domain runs.
#pragma once

#include <string>

#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

// Returns the user that libvirt gives to QEMU, from libvirt's capabilities (Debian: libvirt-qemu).
Confinement confinement_in(const std::string& capabilities, bool accelerated);

// Returns the user of a domain that is about to start: libvirt's, who gets what the domain writes.
// It is lab's own where the domain asks for it and, with a warning, where libvirt's cannot read its
// files.
Confinement confine(virConnect* connection, const DomainSpec& spec);

}  // namespace lab::guest
