// SPDX-License-Identifier: MIT
// Confines a domain's QEMU by an AppArmor profile of lab's own, and removes what
// ended domains left of them. libvirt's own profiles follow from a domain's description, which says
// nothing of what lab adds for QEMU: saved memory, NVMe disks, an emulator of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lab::guest {

// Returns the UUID of a domain that ends with "-RUN", always the same. libvirt names a domain's
// profile by it, and lab finds a dead run's profiles by its end. The guest sees another UUID.
std::string domain_uuid(const std::string& domain);

// Describes what QEMU may use besides what it needs anywhere: files, or folders with all below.
struct ProfileFiles {
  std::vector<std::filesystem::path> read, written;
};

// Returns the profile's text. Symbolic links are resolved, as AppArmor looks at the files.
std::string profile_text(const std::string& domain, const ProfileFiles& files);

// Loads a domain's profile into the kernel and returns its name; "" with a warning where it cannot,
// so that QEMU runs without one.
std::string load_profile(const std::string& domain, const ProfileFiles& files);

// Removes the profile of a domain that has ended, and those that a dead run left.
void remove_profile(const std::string& domain);
void remove_profiles_of(const std::string& run);

}  // namespace lab::guest
