// SPDX-License-Identifier: MIT
#include "orchestrator/image/download/digests.hpp"

#include <gmock/gmock.h>

#include <random>

#include "orchestrator/base/error.hpp"

namespace lab::image {
namespace {

const std::string hex_512(128, 'b'), other_512(128, 'c'), hex_256(64, 'a');

std::string error_of(const std::string& sums) {
  try {
    return "found " + digest_in_sums(sums, "disk.img");
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(Digests, OfEachKindOfLine) {
  for (const std::string& line :
       {hex_512 + "  disk.img", hex_512 + " *disk.img", hex_512 + "  ./disk.img",
        hex_512 + " disk.img", std::string(128, 'B') + "  disk.img\r",
        "SHA512 (disk.img) = " + hex_512, "SHA512 (./disk.img) = " + std::string(128, 'B')})
    EXPECT_EQ(digest_in_sums("aa  disk.img\n" + line + "\n", "disk.img"), "sha512:" + hex_512)
        << line;
  EXPECT_EQ(digest_in_sums("SHA256 (disk.img) = " + hex_256, "disk.img"), "sha256:" + hex_256);
  EXPECT_EQ(digest_in_sums(hex_512 + "  a disk.img\n", "a disk.img"), "sha512:" + hex_512);
}

TEST(Digests, OfASignedListWithComments) {
  const std::string list =
      "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n# disk.img: 5 bytes\n" + other_512 +
      "  other.img\n" + hex_512 + "  disk.img\n" +
      "-----BEGIN PGP SIGNATURE-----\n\niQ disk.img\n=abcd\n"
      "-----END PGP SIGNATURE-----\n";
  EXPECT_EQ(digest_in_sums(list, "disk.img"), "sha512:" + hex_512);
}

TEST(Digests, TheLongerOfTwoKinds) {
  const std::string both = hex_256 + "  disk.img\n" + hex_512 + "  disk.img\n";
  EXPECT_EQ(digest_in_sums(both, "disk.img"), "sha512:" + hex_512);
  EXPECT_EQ(digest_in_sums(hex_512 + "  disk.img\n" + hex_256 + "  disk.img\n", "disk.img"),
            "sha512:" + hex_512);
}

TEST(Digests, ThatAreNone) {
  EXPECT_EQ(error_of(""), "no digest of 'disk.img' in the published list");
  for (const std::string& line : std::initializer_list<std::string>{
           std::string(127, 'b') + "  disk.img", std::string(128, 'g') + "  disk.img",
           hex_512 + "  disk.img.sig", hex_512 + "  old/disk.img", "SHA256 (disk.img) = " + hex_512,
           "MD5 (disk.img) = " + hex_256, hex_512, "SHA512 (disk.img) =", "disk.img  " + hex_512})
    EXPECT_EQ(error_of(line), error_of("")) << line;
  EXPECT_EQ(error_of(hex_512 + "  disk.img\n" + other_512 + "  disk.img\n"),
            "two digests of 'disk.img' in the published list");
}

TEST(Digests, AsAPersonWritesThem) {
  EXPECT_EQ(normalized_digest("SHA512:" + std::string(128, 'B')), "sha512:" + hex_512);
  EXPECT_EQ(normalized_digest("sha256:" + hex_256), "sha256:" + hex_256);
  for (const std::string& wrong : {std::string(), hex_512, "sha256:" + hex_512, "sha512:" + hex_256,
                                   "md5:" + hex_256, "sha512:" + std::string(128, 'x')})
    EXPECT_THROW(normalized_digest(wrong), base::Error) << wrong;
}

// Any input from a server gives a digest or an error.
TEST(Digests, OfAnything) {
  std::mt19937 random(1);
  const std::string_view pieces[] = {"SHA512", " (", ") = ", "disk.img", "./", "*", " ",
                                     "\n",     "\r", "b",    "\0",       "-",  "("};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 20; n > 0; --n) {
      text += pieces[random() % std::size(pieces)];
      if (random() % 8 == 0) text += hex_512;
    }
    const std::string said = error_of(text);
    EXPECT_TRUE(said.starts_with("no digest of") || said == "found sha512:" + hex_512) << said;
  }
}

}  // namespace
}  // namespace lab::image
