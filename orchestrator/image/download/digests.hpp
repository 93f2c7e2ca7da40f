// SPDX-License-Identifier: MIT
// Reads published digests of files and writes them as "sha512:HEX" or "sha256:HEX" in lower case,
// and checks signatures of the lists.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lab::image {

// Normalizes a digest that a person wrote: "SHA256:ABC…" becomes "sha256:abc…". Throws a user error
// where it is neither sha512 with 128 nor sha256 with 64 hexadecimal digits.
std::string normalized_digest(std::string_view digest);

// Returns the digest of `name` in a SHA512SUMS or SHA256SUMS file. It reads the lines "HEX  name"
// and "HEX *name" of sha256sum, and "SHA256 (name) = HEX" of BSD's programs; "./name" means `name`.
// It skips other lines (comments, the frame of a signature). Throws an infrastructure error where
// the file does not list the name, or lists it with two digests of the same kind.
std::string digest_in_sums(std::string_view sums, const std::string& name);

// Checks a text by its detached OpenPGP signature (such as SHA256SUMS.gpg) and a keyring, by gpgv.
// Throws an infrastructure error, with gpgv's message, if a signature is by no key of the keyring
// or is for another text.
void check_signature(const std::string& text, const std::string& signature,
                     const std::filesystem::path& keyring);

// Returns what is signed of a text that contains its own OpenPGP signature ("BEGIN PGP SIGNED
// MESSAGE"), without all around it. Throws as check_signature() does.
std::string signed_part(const std::string& text, const std::filesystem::path& keyring);

}  // namespace lab::image
