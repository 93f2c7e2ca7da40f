// SPDX-License-Identifier: MIT
#include "orchestrator/image/download/digests.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/overlay.hpp"
#include "orchestrator/image/store.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Holds a key and its keyring, as a distribution does.
class Signer {
 public:
  Signer() {
    gpg({"--passphrase", "", "--quick-gen-key", "images@example.org", "ed25519", "sign", "never"});
    gpg({"--output", keyring(), "--export"});
  }
  ~Signer() {
    base::run({.argv = {"gpgconf", "--homedir", folder_.path().string(), "--kill", "all"}});
  }

  std::string keyring() const { return (folder_.path() / "keyring.gpg").string(); }

  // Signs a file as SHA256SUMS.gpg signs SHA256SUMS.
  void sign(const fs::path& file, const fs::path& signature) const {
    gpg({"--yes", "--armor", "--output", signature.string(), "--detach-sign", file.string()});
  }

  // Puts the text into a frame that contains its signature.
  std::string framed(const std::string& text) const {
    base::write_file(folder_.path() / "text", text);
    gpg({"--yes", "--output", folder_.path() / "framed", "--clear-sign", folder_.path() / "text"});
    return base::read_file(folder_.path() / "framed");
  }

 private:
  void gpg(std::vector<std::string> words) const {
    words.insert(words.begin(), {"gpg", "--homedir", folder_.path().string(), "--batch", "--quiet",
                                 "--pinentry-mode", "loopback"});
    base::run_checked({.argv = words});
  }

  base::TemporaryFolder folder_{"/tmp", "lab-key"};
};

class SignedList : public testing::Test {
 protected:
  SignedList() {
    create_empty_disk(path("disk.qcow2"), 1 << 20);
    fs::create_directories(folders_.share / "images");
    write_manifest(signer_.keyring());
    base::write_file(path("SUMS"), line_of_disk());
    signer_.sign(path("SUMS"), path("SUMS.gpg"));
  }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  std::string url(const std::string& name) const { return "'file://" + path(name).string() + "'"; }

  void write_manifest(const std::string& keyring, bool own_file = true) const {
    base::write_file(folders_.share / "images/manifest.yaml",
                     "images:\n  cloud: {url: " + url("disk.qcow2") + ", digest_url: " +
                         url("SUMS") + (own_file ? ", signature_url: " + url("SUMS.gpg") : "") +
                         ", keyring: " + keyring + "}\n");
  }

  std::string line_of_disk() const {
    return base::sha256_file(path("disk.qcow2")) + "  disk.qcow2\n";
  }

  // Publishes a list that contains its signature, if any.
  void publish(const std::string& list) const {
    write_manifest(signer_.keyring(), false);
    base::write_file(path("SUMS"), list);
  }

  // Returns the progress lines, or "WHAT | HINT" of a refusal.
  std::string provide(bool unverified = false) const {
    std::string said;
    ImageCache cache(folders_);
    if (unverified) cache.take_unverified("cloud");
    try {
      cache.find_or_make("cloud", "", [&](const std::string& line) { said += line + "\n"; });
      return said;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      return "refused: " + std::string(error.what()) + " | " + error.hint();
    }
  }

  Signer signer_;
  base::TemporaryFolder folder_{"/tmp", "lab-test"};
  base::Folders folders_{.cache = path("cache"), .share = path("share")};
};

TEST_F(SignedList, IsTakenWhereTheKeyringsKeySignedIt) {
  EXPECT_THAT(provide(),
              HasSubstr("the list of digests is signed by a key of " + signer_.keyring()));
}

// The digest fits: only the signature shows that list and image were both exchanged.
TEST_F(SignedList, IsRefusedWhereItWasChanged) {
  base::write_file(path("SUMS"), base::read_file(path("SUMS")) + "# changed\n");
  EXPECT_THAT(provide(), HasSubstr("refused: list of digests 'file://" + path("SUMS").string() +
                                   "': its signature is not right"));
  EXPECT_THAT(provide(), HasSubstr("BAD signature"));
  EXPECT_THAT(provide(), HasSubstr("do not trust the source"));
}

TEST_F(SignedList, IsRefusedWhereSomebodyElseSignedIt) {
  Signer().sign(path("SUMS"), path("SUMS.gpg"));
  EXPECT_THAT(provide(), HasSubstr("No public key"));
  base::write_file(path("SUMS.gpg"), "not found");
  EXPECT_THAT(provide(), HasSubstr("its signature is not right"));
  fs::remove(path("SUMS.gpg"));
  EXPECT_THAT(provide(), HasSubstr("refused: fetch"));
}

TEST_F(SignedList, IsRefusedWhereTheKeyringIsNotHereUnlessTheUserTakesItSo) {
  write_manifest("/usr/share/keyrings/none.gpg");
  EXPECT_THAT(provide(), AllOf(HasSubstr("refused: list of digests 'file://"),
                               HasSubstr("there is no /usr/share/keyrings/none.gpg"),
                               HasSubstr("lab image fetch cloud --unverified")));
  EXPECT_FALSE(fs::exists(path("cache/downloads/cloud-disk.qcow2")));
  EXPECT_THAT(provide(true), HasSubstr("is not checked, as you said"));
  EXPECT_THAT(provide(), Not(HasSubstr("refused"))) << "it is in the cache now";
}

TEST_F(SignedList, MayContainItsSignature) {
  publish("a text around it\n" + signer_.framed("# all images\n" + line_of_disk()));
  EXPECT_THAT(provide(),
              HasSubstr("the list of digests is signed by a key of " + signer_.keyring()));
}

TEST_F(SignedList, CountsOnlyAsFarAsItIsSigned) {
  const std::string signed_list = signer_.framed("# no image\n");
  std::string changed = signer_.framed("# all images\n" + line_of_disk());
  changed.replace(changed.find("all"), 3, "any");
  for (const std::string& list : {line_of_disk() + signed_list, signed_list + line_of_disk(),
                                  signed_list + Signer().framed(line_of_disk()),
                                  Signer().framed(line_of_disk()), changed, line_of_disk()}) {
    publish(list);
    EXPECT_THAT(provide(), HasSubstr("refused")) << list;
  }
}

}  // namespace
}  // namespace lab::image
