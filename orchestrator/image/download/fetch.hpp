// SPDX-License-Identifier: MIT
// Downloads that are checked before they are used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace lab::image {

// Called with bytes so far and in all (0: not known).
using FetchProgress = std::function<void(std::uint64_t, std::uint64_t)>;

// Returns a file's digest (as normalized_digest() takes it) as it is published at this moment.
using DigestSource = std::function<std::string()>;

// Downloads `url` (http, https or file) to `file`, resuming the partial file `file`.part of an
// earlier try where that is a part of the same file. From https it is redirected to https only. The
// digest is compared before the file gets its name, and asked for once more where it differs: the
// list and the file may be of two releases. Errors: an HTTP status of 400 or more, no connection,
// no space, a wrong digest (all are shown, and what came is deleted), user interruption.
void fetch(const std::string& url, const DigestSource& digest, const std::filesystem::path& file,
           const FetchProgress& progress = {});

// Downloads a text of at most `limit` bytes, e.g. a SHA512SUMS file.
std::string fetch_text(const std::string& url, std::size_t limit = 1u << 20);

}  // namespace lab::image
