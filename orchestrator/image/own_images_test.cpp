// SPDX-License-Identifier: MIT
// Tests images of the user's own: their manifest, and files copied into the cache.
#include "orchestrator/image/manifest.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/kept_file.hpp"
#include "orchestrator/image/overlay.hpp"
#include "orchestrator/image/store.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OwnImages : public testing::Test {
 protected:
  OwnImages() {
    create_empty_disk(disk_, 1 << 20);
    fs::create_directories(folders_.share / "images");
    base::write_file(folders_.share / "images/manifest.yaml",
                     "images:\n  lab: {url: 'file:///l', digest_url: 'file:///s'}\n");
  }

  static void quiet(const std::string&) {}

  ImageCache cache() const { return ImageCache(folders_); }

  void add(const Entry& entry) const { add_own_image(folders_, entry, cache().entries()); }

  template <typename Act>
  std::string refusal(Act act) const {
    try {
      act();
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      return std::string(error.what()) + " | " + error.hint();
    }
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "lab-test"};
  fs::path disk_ = folder_.path() / "my disk.qcow2";
  base::Folders folders_{.cache = folder_.path() / "cache",
                         .config = folder_.path() / "config",
                         .share = folder_.path() / "share"};
};

TEST_F(OwnImages, AreAddedFoundAndRemoved) {
  add({.name = "mine", .source = Entry::Source::file, .description = "a: \"b\"", .file = disk_});
  add({.name = "far", .source = Entry::Source::url, .url = "file:///x", .digest_url = "file:///y"});
  const std::vector<Entry> entries = cache().entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_FALSE(entries[0].own);
  EXPECT_TRUE(entries[1].own);
  EXPECT_EQ(entries[1].description, "a: \"b\"");
  EXPECT_EQ(origin_text(entries[1]), disk_);
  EXPECT_EQ(origin_text(entries[2]), "file:///x");
  remove_own_image(folders_, "mine", entries);
  EXPECT_EQ(cache().entries().size(), 2u);
  EXPECT_THAT(refusal([&] { remove_own_image(folders_, "lab", entries); }), HasSubstr("'lab'"));
}

TEST_F(OwnImages, HaveNamesOfTheirOwn) {
  const Entry mine{.name = "mine", .source = Entry::Source::file, .file = disk_};
  add(mine);
  EXPECT_THAT(
      refusal([&] { add(mine); }),
      HasSubstr("image 'mine' is there already: " + disk_.string() + " | lab image remove mine"));
  EXPECT_THAT(refusal([&] { add({.name = "lab", .file = disk_}); }), HasSubstr("is lab's own"));
  EXPECT_THAT(refusal([&] { add({.name = "a/b", .file = disk_}); }), HasSubstr("not 'a/b'"));
  EXPECT_THAT(refusal([&] { add({.name = "b", .file = "/tmp/\x87.qcow2"}); }),
              HasSubstr("image 'b': /tmp/?.qcow2 is not valid UTF-8"));
  base::write_file(own_manifest(folders_), "images: {lab: {file: /a}}\n");
  EXPECT_THAT(refusal([&] { cache(); }), HasSubstr("images.yaml: image 'lab' is lab's own"));
  base::write_file(own_manifest(folders_), "images: {other: {suite: sid}}\n");
  EXPECT_THAT(refusal([&] { cache(); }), HasSubstr("'other' has neither file nor url"));
}

TEST_F(OwnImages, AFileIsCopiedOnceAndNeverChanged) {
  const std::string digest = base::sha256_file(disk_);
  const Image first = cache().find_or_copy(disk_, quiet);
  EXPECT_EQ(first.name, "my-disk.qcow2");
  EXPECT_EQ(first.digest, "sha256:" + digest);
  EXPECT_FALSE(first.found);
  EXPECT_TRUE(cache().find_or_copy(disk_, quiet).found);
  EXPECT_EQ(base::sha256_file(disk_), digest);
  create_empty_disk(disk_, 2 << 20);
  EXPECT_NE(cache().find_or_copy(disk_, quiet).folder, first.folder);
}

TEST_F(OwnImages, ACopyThatIsCutOffIsMadeAnew) {
  const Image first = cache().find_or_copy(disk_, quiet);
  const std::string digest = base::sha256_file(first.disk);
  fs::resize_file(first.disk, fs::file_size(first.disk) / 2);
  EXPECT_FALSE(cache().find_or_copy(disk_, quiet).found);
  EXPECT_EQ(base::sha256_file(first.disk), digest);

  const fs::path kept = keep_file(disk_, folders_).path;
  fs::resize_file(kept, 1);
  EXPECT_EQ(base::sha256_file(keep_file(disk_, folders_).path), base::sha256_file(disk_));
}

TEST_F(OwnImages, AFileWithADigestMustHaveIt) {
  add({.name = "mine",
       .source = Entry::Source::file,
       .file = disk_,
       .digest = "sha512:" + base::sha512_file(disk_)});
  EXPECT_EQ(cache().find_or_make("mine", "", quiet).name, "mine");
  create_empty_disk(disk_, 2 << 20);
  EXPECT_THAT(refusal([&] { cache().find_or_make("mine", "", quiet); }),
              HasSubstr("is not the file that was added: its digest is sha512:"));
}

TEST_F(OwnImages, AFileThatIsNoImageIsRefused) {
  const auto of = [&](const fs::path& file) { return refusal([&] { check_own_image(file); }); };
  EXPECT_EQ(of(disk_), "");
  EXPECT_EQ(of("/no/such"), "image '/no/such': there is no such file | ");
  EXPECT_THAT(of(folder_.path()), HasSubstr("it is no regular file"));
  base::write_file(folder_.path() / "text", "text");
  EXPECT_THAT(of(folder_.path() / "text"), HasSubstr("it is no disk image"));
  const fs::path over = folder_.path() / "over.qcow2";
  create_overlay(disk_, "qcow2", over);
  EXPECT_THAT(of(over), HasSubstr("it refers to another file"));
  base::run_checked(
      {.argv = {"qemu-img", "create", "-q", "--object", "secret,id=s,data=x", "-f", "qcow2", "-o",
                // LUKS first measures the processor's speed, and fails on a busy one.
                "encrypt.format=aes,encrypt.key-secret=s", over.string(), "8M"}});
  EXPECT_THAT(of(over), HasSubstr("it is encrypted"));
}

}  // namespace
}  // namespace lab::image
