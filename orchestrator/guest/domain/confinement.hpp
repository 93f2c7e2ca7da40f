// SPDX-License-Identifier: MIT
// As whom the QEMU of a domain runs.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/guest/libvirt/connection.hpp"
#include "orchestrator/guest/xml/domain_spec.hpp"

namespace lab::guest {

// What libvirt's capabilities say of the user that it gives to QEMU (Debian: libvirt-qemu).
Confinement confinement_in(const std::string& capabilities, bool accelerated);

// Whether this account can open a file or a folder, all folders above it included. Root is asked in
// a process of its own; whoever is not root is asked as himself.
bool can_read(const Account& account, const std::filesystem::path& path);

// Whether it can read all of them. Where it cannot, there is a warning that `who` runs as root.
bool can_read_all(const Account& account, const std::vector<std::filesystem::path>& files,
                  const std::string& who);

// A file of lab's that the account writes to: made where it is missing, and given to it, with a way
// through its folder. Error (infrastructure) where that cannot be done.
void give(const std::filesystem::path& file, const Account& account);

// The same for a folder of lab's with all that is in it.
void give_folder(const std::filesystem::path& folder, const Account& account);

// All files below the folder, and the folder, are lab's own again; others may read them.
void take_back(const std::filesystem::path& folder);

// Whom an emulator that libvirt does not start runs as where lab is root: the user that libvirt's
// packages make for QEMU, else nobody. Empty where lab is not root.
std::optional<Account> account_for_emulators();

// Of a domain that is about to start: libvirt's user, who is given what the domain writes. Lab's
// own where the domain says so, and, with a warning, where libvirt's cannot read its files.
Confinement confine(virConnect* connection, const DomainSpec& spec);

}  // namespace lab::guest
