// SPDX-License-Identifier: MIT
#include "orchestrator/image/download/digests.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::image {
namespace fs = std::filesystem;
namespace {

struct Published {
  std::string digest;
  std::string_view name;
};

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c); });
}

// Returns "" where the length is that of neither kind.
std::string digest_of_hex(std::string_view hex) {
  if (!is_hex(hex)) return "";
  if (hex.size() == 128) return "sha512:" + base::lower(hex);
  if (hex.size() == 64) return "sha256:" + base::lower(hex);
  return "";
}

std::string_view plain_name(std::string_view name) {
  while (name.starts_with("./")) name.remove_prefix(2);
  return name;
}

// Parses a line "HEX  name" or "HEX *name".
std::optional<Published> gnu_line(std::string_view line) {
  const std::size_t end = line.find(' ');
  if (end == std::string_view::npos || end + 2 > line.size()) return std::nullopt;
  std::string_view name = line.substr(end + 1);
  if (name.starts_with(" ") || name.starts_with("*")) name.remove_prefix(1);
  return Published{digest_of_hex(line.substr(0, end)), plain_name(name)};
}

// Parses a line "SHA256 (name) = HEX".
std::optional<Published> bsd_line(std::string_view line) {
  const std::size_t open = line.find(" ("), close = line.rfind(") = ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2)
    return std::nullopt;
  Published found{digest_of_hex(line.substr(close + 4)),
                  plain_name(line.substr(open + 2, close - open - 2))};
  if (base::lower(line.substr(0, open)) != found.digest.substr(0, found.digest.find(':')))
    return std::nullopt;
  return found;
}

// Throws an infrastructure error where gpgv finds no right signature.
void run_gpgv(const fs::path& folder, const fs::path& keyring,
              const std::vector<std::string>& words) {
  std::vector<std::string> argv{"gpgv", "--homedir", folder.string(), "--keyring",
                                keyring.string()};
  argv.insert(argv.end(), words.begin(), words.end());
  const base::Outcome outcome = base::run(
      {.argv = argv, .environment = {{"LC_ALL", "C"}}, .limit = std::chrono::seconds(60)});
  if (outcome.exit_code != 0)
    throw base::infrastructure_error(
        "its signature is not right by " + keyring.string() + ": " + outcome.errors,
        "try again in some minutes, as list and signature may be of two releases; if it happens "
        "again do not trust the source");
}

}  // namespace

std::string normalized_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  if (colon != std::string_view::npos) {
    const std::string found = digest_of_hex(digest.substr(colon + 1));
    if (!found.empty() && found.starts_with(base::lower(digest.substr(0, colon + 1)))) return found;
  }
  throw base::user_error("digest '" + std::string(digest) + "': expected sha512: and 128, or " +
                         "sha256: and 64 hexadecimal digits");
}

std::string digest_in_sums(std::string_view sums, const std::string& name) {
  std::string digest;
  for (const std::string_view untrimmed : base::split_lines(sums)) {
    const std::string_view line = base::trimmed_end(untrimmed);
    std::optional<Published> found = bsd_line(line);
    if (!found) found = gnu_line(line);
    if (!found || found->digest.empty() || found->name != name) continue;
    const bool same_kind = digest.size() == found->digest.size();
    if (same_kind && digest != found->digest)
      throw base::infrastructure_error("two digests of '" + name + "' in the published list");
    if (found->digest.size() > digest.size()) digest = found->digest;  // sha512 where there is one
  }
  if (digest.empty())
    throw base::infrastructure_error("no digest of '" + name + "' in the published list",
                                     "give it in images/manifest.yaml: digest: sha512:HEX");
  return digest;
}

void check_signature(const std::string& text, const std::string& signature,
                     const fs::path& keyring) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-signature");
  const fs::path signed_file = folder.path() / "list", signature_file = folder.path() / "signature";
  base::write_file(signed_file, text);
  base::write_file(signature_file, signature);
  run_gpgv(folder.path(), keyring, {signature_file.string(), signed_file.string()});
}

std::string signed_part(const std::string& text, const fs::path& keyring) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-signature");
  const fs::path file = folder.path() / "list", part = folder.path() / "part";
  base::write_file(file, text);
  run_gpgv(folder.path(), keyring, {"--output", part.string(), file.string()});
  return base::read_file(part);
}

}  // namespace lab::image
