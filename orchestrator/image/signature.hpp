// SPDX-License-Identifier: MIT
// Checks signatures of published lists of digests.
#pragma once

#include <filesystem>
#include <string>

namespace lab::image {

// Checks a text by its detached OpenPGP signature (such as SHA256SUMS.gpg) and a keyring, by gpgv.
// Throws an infrastructure error, with gpgv's message, if a signature is by no key of the keyring
// or is for another text.
void check_signature(const std::string& text, const std::string& signature,
                     const std::filesystem::path& keyring);

}  // namespace lab::image
