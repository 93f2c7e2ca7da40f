// SPDX-License-Identifier: MIT
// The user as whom an emulator runs where lab is root, and the files that it gets for it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lab::base {

struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

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

// The file, or the folder and all that is in it, is lab's own again; others may read it.
void take_back(const std::filesystem::path& path);

// Whom an emulator that libvirt does not start runs as where lab is root: the user that libvirt's
// packages make for QEMU, else nobody. Empty where lab is not root.
std::optional<Account> account_for_emulators();

}  // namespace lab::base
