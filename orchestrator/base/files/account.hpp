// SPDX-License-Identifier: MIT
// Finds the user that runs an emulator where lab is root, and gives files to that user.
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

// Returns whether this account can open a file or a folder, through all folders above it. Root
// checks it in a process of its own as that account, with all groups that its user has; other users
// check it as themselves. `access` is access(2)'s mode.
bool can_open(const Account& account, const std::filesystem::path& path, int access);

// Returns whether it can read all of them. Where it cannot, warns that `who` runs as root.
bool can_read_all(const Account& account, const std::vector<std::filesystem::path>& files,
                  const std::string& who);

// Gives the account a file of lab's to write to: makes it where it is missing, changes its owner
// and lets the account pass through its folder. Throws an infrastructure error where that fails.
void give(const std::filesystem::path& file, const Account& account);

// Does the same for a folder of lab's with all its contents.
void give_folder(const std::filesystem::path& folder, const Account& account);

// Returns the file, or the folder with all its contents, to lab's own user; others may read it.
void take_back(const std::filesystem::path& path);

// Returns the account of emulators that libvirt does not start, where lab is root: the user that
// libvirt's packages make for QEMU, else nobody. Returns nullopt where lab is not root.
std::optional<Account> account_for_emulators();

}  // namespace lab::base
