// SPDX-License-Identifier: MIT
// Finds out without a download whether a kernel's kit is there or could be fetched.
#pragma once

#include <filesystem>
#include <string>

namespace lab::kvm {

// Returns why find_or_fetch_kit() would not return a kit of this kernel of Debian's in exactly this
// version, "" where it would: it is in the cache or in the shared one, or the lists of lab or of
// apt, as they are now, name its image, headers and source, and no download of it failed today.
std::string why_no_kit(const std::filesystem::path& cache, const std::string& release,
                       const std::string& version);

}  // namespace lab::kvm
