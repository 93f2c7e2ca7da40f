// SPDX-License-Identifier: MIT
#include "orchestrator/image/manifest.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Manifest, OfThisRepositoryIsValid) {
  const auto entries = load_manifest(fs::path(LAB_SOURCE_DIR) / "images/manifest.yaml");
  EXPECT_EQ(find_entry(entries, "debian-12").source, Entry::Source::recipe);
  for (const Entry& entry : entries) {
    for (const std::string& url : {entry.url, entry.digest_url, entry.signature_url})
      EXPECT_TRUE(url.empty() || url.starts_with("https://")) << entry.name;
    EXPECT_FALSE(entry.unverified) << entry.name;
  }
  try {
    find_entry(entries, "debain-12");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("debian-12"));
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
  }
}

// A digest beside the image, or a list without its signature, would let the mirror choose the
// image.
TEST(Manifest, OfThisRepositoryChecksWhatItFetchesByItsPublisher) {
  const auto entries = load_manifest(fs::path(LAB_SOURCE_DIR) / "images/manifest.yaml");
  const Entry& ubuntu = find_entry(entries, "ubuntu-20.04");
  EXPECT_EQ(ubuntu.digest_url, "https://cloud-images.ubuntu.com/focal/current/SHA256SUMS");
  EXPECT_EQ(ubuntu.signature_url, ubuntu.digest_url + ".gpg");
  EXPECT_EQ(ubuntu.keyring, "/usr/share/keyrings/ubuntu-cloudimage-keyring.gpg");
  // Debian signs its list in no form.
  EXPECT_EQ(find_entry(entries, "debian-12-genericcloud").digest_url,
            "https://cloud.debian.org/images/cloud/bookworm/latest/SHA512SUMS");
}

TEST(Manifest, ErrorsNameFileLineAndColumn) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  const fs::path file = folder.path() / "manifest.yaml";
  for (const auto& [text, where] : std::vector<std::pair<std::string, std::string>>{
           {"images:\n  a: {urll: x}\n", ":2:7: unknown key 'urll'"},
           {"images:\n  a: {url: 'http://x/y'}\n", "neither digest"},
           {"images:\n  a: {url: 'http://x/y', digest: 'z', suite: sid}\n",
            "has a url, so no suite"},
           {"images:\n  a: {url: 'http://x/y', digest: 'sha256:12'}\n",
            "manifest.yaml:2:34: image 'a': digest 'sha256:12': expected sha512: and 128, or"},
           {"images:\n  a: {url: 'http://x/y', digest_url: 'http://x/z', signature_url: 'u'}\n",
            "has signature_url without keyring"},
           {"images:\n  a: {url: 'http://x/y', keyring: '/k', digest: 'sha256:" +
                std::string(64, 'a') + "'}\n",
            "has keyring without digest_url"},
           {"images:\n  a: {recipe: b, signature_url: 'u', keyring: '/k'}\n",
            "has signature_url without digest_url"},
           {"images:\n  a: {url: 'u', digest_url: 'd', signature_url: 's', keyring: 'k'}\n",
            "manifest.yaml:2:63: keyring 'k' must be a path that begins with /"},
           {"images: [\n", "manifest.yaml:2:1"},
           {"image: {}\n", "expected a map 'images'"},
           {"images:  # all\r  a: {}\n", "manifest.yaml:1:15: a lone carriage return"},
           {"images:\n  # all\u2028  a: {}\n", "manifest.yaml:2:8: U+2028"}}) {
    base::write_file(file, text);
    try {
      load_manifest(file);
      ADD_FAILURE() << text;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(where));
    }
  }
}

}  // namespace
}  // namespace lab::image
