// SPDX-License-Identifier: MIT
// Published digests of files, as "sha512:HEX" or "sha256:HEX" in lower case.
#pragma once

#include <string>
#include <string_view>

namespace lab::image {

// As a person may write it: "SHA256:ABC…" is "sha256:abc…". Error (user) where it is neither
// sha512 of 128 nor sha256 of 64 hexadecimal digits.
std::string normalized_digest(std::string_view digest);

// The digest of `name` in a SHA512SUMS or SHA256SUMS file: lines "HEX  name" and "HEX *name" as
// sha256sum writes them, and "SHA256 (name) = HEX" as BSD's programs do; "./name" is `name`. All
// other lines (comments, the frame of a signature) are passed over. Error (infrastructure) where
// the file is not named there, or with two digests of the same kind.
std::string digest_in_sums(std::string_view sums, const std::string& name);

}  // namespace lab::image
