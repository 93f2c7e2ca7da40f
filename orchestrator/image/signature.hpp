// SPDX-License-Identifier: MIT
// Signatures of published lists of digests.
#pragma once

#include <filesystem>
#include <string>

namespace lab::image {

// Checks a text by its detached OpenPGP signature (as in SHA256SUMS.gpg) and a keyring, by gpgv.
// Error (infrastructure), with gpgv's words, where a signature is not by a key of the keyring or is
// of another text.
void check_signature(const std::string& text, const std::string& signature,
                     const std::filesystem::path& keyring);

}  // namespace lab::image
