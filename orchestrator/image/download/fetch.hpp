// SPDX-License-Identifier: MIT
// Downloads files and checks them before they are used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace lab::image {

// Is called with the bytes so far and in all (0: not known).
using FetchProgress = std::function<void(std::uint64_t, std::uint64_t)>;

// Returns a file's digest, in a form that normalized_digest() takes, as it is published now.
using DigestSource = std::function<std::string()>;

// Downloads `url` (http, https or file) to `file`. Resumes an earlier try's partial file,
// `file`.part, where that is a part of the same file. Follows redirects from https to https only.
// Compares the digest before the file gets its name; where it differs, asks for the digest once
// more, as list and file may be of two releases. Throws on an HTTP status of 400 or more, no
// connection, no space, a wrong digest (shows all, deletes what came) and user interruption.
void fetch(const std::string& url, const DigestSource& digest, const std::filesystem::path& file,
           const FetchProgress& progress = {});

// Downloads a text of at most `limit` bytes, e.g. a SHA512SUMS file.
std::string fetch_text(const std::string& url, std::size_t limit = 1u << 20);

}  // namespace lab::image
