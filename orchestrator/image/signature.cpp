// SPDX-License-Identifier: MIT
#include "orchestrator/image/signature.hpp"

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::image {

namespace fs = std::filesystem;

void check_signature(const std::string& text, const std::string& signature,
                     const fs::path& keyring) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-signature");
  const fs::path signed_file = folder.path() / "list", signature_file = folder.path() / "signature";
  base::write_file(signed_file, text);
  base::write_file(signature_file, signature);
  const base::Outcome outcome =
      base::run({.argv = {"gpgv", "--homedir", folder.path().string(), "--keyring",
                          keyring.string(), signature_file.string(), signed_file.string()},
                 .environment = {{"LC_ALL", "C"}},
                 .limit = std::chrono::seconds(60)});
  if (outcome.exit_code != 0)
    throw base::infrastructure_error(
        "its signature is not right by " + keyring.string() + ": " + outcome.errors,
        "try again in some minutes, as list and signature may be of two releases; if it happens "
        "again do not trust the source");
}

}  // namespace lab::image
