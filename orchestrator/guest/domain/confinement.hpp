// SPDX-License-Identifier: MIT
// As whom the QEMU of a domain runs.
#pragma once

#include <string>

#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

// What libvirt's capabilities say of the user that it gives to QEMU (Debian: libvirt-qemu).
Confinement confinement_in(const std::string& capabilities, bool accelerated);

// Of a domain that is about to start: libvirt's user, who is given what the domain writes. Lab's
// own where the domain says so, and, with a warning, where libvirt's cannot read its files.
Confinement confine(virConnect* connection, const DomainSpec& spec);

}  // namespace lab::guest
