// SPDX-License-Identifier: MIT
#include "orchestrator/image/store.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/overlay.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Makes a manifest with one image behind a url, whose digest is in a list beside it, or pinned.
class FetchedImage : public testing::Test {
 protected:
  FetchedImage() {
    create_empty_disk(disk_, 1 << 20);
    fs::create_directories(folders_.share / "images");
    check_by("digest_url: 'file://" + sums_.string() + "'");
    publish(base::sha256_file(disk_));
  }

  void check_by(const std::string& what) const {
    base::write_file(folders_.share / "images/manifest.yaml",
                     "images:\n  cloud: {url: 'file://" + disk_.string() + "', " + what + "}\n");
  }

  void publish(const std::string& hex) const { base::write_file(sums_, hex + "  disk.qcow2\n"); }

  Image provide(const Progress& progress = [](const std::string&) {}) const {
    return ImageCache(folders_).find_or_make("cloud", "", progress);
  }

  // Returns "WHAT | HINT" of the refusal; "" where there is none.
  std::string refusal(const Progress& progress = [](const std::string&) {}) const {
    try {
      provide(progress);
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      return std::string(error.what()) + " | " + error.hint();
    }
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "lab-test"};
  fs::path disk_ = folder_.path() / "disk.qcow2", sums_ = folder_.path() / "SHA256SUMS";
  base::Folders folders_{.cache = folder_.path() / "cache", .share = folder_.path() / "share"};
};

TEST_F(FetchedImage, IsFetchedOnceAndOnlyIfItsDigestIsRight) {
  const std::string right = base::sha256_file(disk_);
  check_by("digest: 'sha256:" + std::string(64, '1') + "'");
  EXPECT_THAT(refusal(), HasSubstr("wrong digest"));
  for (const auto& entry : fs::recursive_directory_iterator(folders_.cache))
    EXPECT_TRUE(entry.is_directory() || entry.path().filename() == ".lock") << entry.path();

  check_by("digest: 'sha256:" + right + "'");
  ImageCache cache(folders_);
  EXPECT_FALSE(cache.find("cloud", ""));
  const Image made = provide();
  EXPECT_FALSE(made.found);
  EXPECT_EQ(made.digest, "sha256:" + right);
  EXPECT_EQ(base::read_file(made.disk), base::read_file(disk_));
  EXPECT_TRUE(provide().found);
  EXPECT_EQ(cache.remove("cloud"), 1);
  EXPECT_FALSE(cache.find("cloud", ""));
}

// Earlier labs did not check what they fetched, and such images are in users' caches.
TEST_F(FetchedImage, IsLookedAtInTheCacheToo) {
  const fs::path kept = provide().disk;
  EXPECT_EQ(refusal(), "");
  fs::remove(kept.parent_path() / base::sizes_name);
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/hostname",
                              "-F", "raw", kept.string()}});
  EXPECT_THAT(refusal(), HasSubstr("it refers to another file"));
  EXPECT_THAT(refusal(), HasSubstr("| lab image remove cloud; it is then fetched anew"));
  EXPECT_TRUE(fs::exists(kept)) << "a person decides on it";
  std::string raw(1 << 20, '\0');
  raw.replace(510, 2, "\x55\xAA");
  base::write_file(kept, raw);
  EXPECT_THAT(refusal(), HasSubstr("it is not in the format qcow2"));
}

TEST_F(FetchedImage, ThatIsCutOffIsRefused) {
  const fs::path kept = provide().disk;
  fs::resize_file(kept, fs::file_size(kept) / 2);
  EXPECT_THAT(refusal(), HasSubstr("is damaged: 'disk.qcow2' has "));
  EXPECT_THAT(refusal(), HasSubstr(" | lab image remove cloud; it is then made anew"));
}

TEST_F(FetchedImage, IsQcow2WhateverWasPublished) {
  std::string raw(1 << 20, '\0');
  raw.replace(510, 2, "\x55\xAA");
  base::write_file(disk_, raw);
  publish(base::sha256_file(disk_));
  const Image image = provide();
  EXPECT_THAT(base::run_checked({.argv = {"qemu-img", "info", image.disk.string()}}),
              HasSubstr("file format: qcow2"));
  EXPECT_EQ(image.disk_format, "qcow2");
}

// Its digest is right: the guest would read the host's file.
TEST_F(FetchedImage, IsRefusedWhereItRefersToAnotherFile) {
  base::run_checked({.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/hostname",
                              "-F", "raw", disk_.string()}});
  publish(base::sha256_file(disk_));
  EXPECT_THAT(refusal(), HasSubstr("it refers to another file"));
}

// `latest` moves: the list is from before the new release, the image from after it.
TEST_F(FetchedImage, IsCheckedByTheListOfItsOwnReleaseWhereLatestMoved) {
  const std::string right = base::sha256_file(disk_), old(64, '1'), other(64, '2');
  const auto while_list_becomes = [&](const std::string& hex) {
    publish(old);
    return [this, hex](const std::string& line) {
      if (line.starts_with("fetched")) publish(hex);
    };
  };
  const std::string changed = refusal(while_list_becomes(other));
  EXPECT_THAT(changed, HasSubstr("the published digest changed during the download"));
  for (const std::string& digest : {old, other, right}) EXPECT_THAT(changed, HasSubstr(digest));
  EXPECT_THAT(refusal(while_list_becomes(old)), HasSubstr("wrong digest"));
  EXPECT_EQ(provide(while_list_becomes(right)).digest, "sha256:" + right);
}

TEST(ImageCache, ReadsOnlyWholeImages) {
  const base::TemporaryFolder folder("/tmp", "lab-test");
  base::write_file(folder.path() / "image.json",
                   R"({"name":"x","kind":"disk","disk":"disk.qcow2"})");
  EXPECT_THROW(read_image(folder.path()), base::Error);  // the disk is missing
  base::write_file(folder.path() / "disk.qcow2", "");
  EXPECT_THROW(read_image(folder.path()), base::Error);  // it never came to the disk
  base::write_file(folder.path() / "disk.qcow2", "bytes");
  EXPECT_EQ(read_image(folder.path()).disk_format, "qcow2");
  base::write_file(folder.path() / "image.json", "{");
  EXPECT_THROW(read_image(folder.path()), base::Error);
}

// Makes a manifest, and recipes of shell scripts.
class RecipeImage : public testing::Test {
 protected:
  RecipeImage() { fs::create_directories(folders_.share / "images/common"); }

  void write_manifest(const std::string& text) const {
    base::write_file(folders_.share / "images/manifest.yaml", "images:\n" + text);
  }
  void write_program(const fs::path& name, const std::string& text) const {
    const fs::path file = folders_.share / "images" / name;
    fs::create_directories(file.parent_path());
    base::write_file(file, "#!/bin/sh\nset -e\n" + text);
    fs::permissions(file, fs::perms(0755));
  }
  // Returns what is in the image's disk, which these recipes make a text.
  std::string made(
      const std::string& name, const fs::path& kit = "",
      const Progress& progress = [](const std::string&) {}) const {
    return base::read_file(ImageCache(folders_).find_or_make(name, kit, progress).disk);
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "lab-test"};
  base::Folders folders_{.cache = folder_.path() / "cache", .share = folder_.path() / "share"};
};

// The recipe itself says it, too, but others were made before it came to that.
TEST_F(RecipeImage, AnOrdinaryUserIsToldWhoMakesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "becoming another user takes root";
  const fs::path ran = folder_.path() / "ran";
  fs::permissions(folder_.path(), fs::perms(0777));
  write_manifest("  own: {}\n");
  for (const char* program : {"own/base", "own/build"})
    write_program(program, ": >" + ran.string());
  ASSERT_EQ(::seteuid(65534), 0);
  try {
    made("own");
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    EXPECT_STREQ(error.what(), "image 'own' takes root to make");
    EXPECT_THAT(error.hint(), HasSubstr("sudo lab provide SCENARIO"));
  }
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_FALSE(fs::exists(ran));
}

// `base` and `build` log their runs; the image has the base's file and the kit's.
TEST_F(RecipeImage, HasItsBaseMadeOnceForAllKits) {
  write_manifest("  outer: {}\n");
  const std::string log = (folder_.path() / "log").string();
  write_program("outer/base", "echo base >> " + log + "\necho files > $1/root\n");
  write_program("outer/build",
                "basename $LAB_KIT >> " + log + "\ncat $LAB_BASE/root $LAB_KIT/info.json > $1/d\n" +
                    R"(echo '{"name":"outer","kind":"disk","disk":"d"}' > $1/image.json)");
  for (const std::string release : {"5.10", "6.1", "5.10"}) {
    const fs::path kit = folder_.path() / release;
    fs::create_directories(kit);
    base::write_file(kit / "info.json", release);
    EXPECT_EQ(made("outer", kit), "files\n" + release);
  }
  EXPECT_EQ(base::read_file(log), "base\n5.10\n6.1\n");
  for (const auto& entry : fs::directory_iterator(folders_.cache / "images"))
    if (fs::exists(entry.path() / "root")) fs::resize_file(entry.path() / "root", 2);
  base::write_file(folder_.path() / "6.1/info.json", "6.1 again");
  EXPECT_EQ(made("outer", folder_.path() / "6.1"), "files\n6.1 again");
  EXPECT_EQ(ImageCache(folders_).remove("outer"), 4);
}

// The recipe records the variables that it gets.
TEST_F(RecipeImage, IsOneOfSeveralByOneRecipe) {
  write_manifest(
      "  old: {recipe: any, suite: bullseye}\n"
      "  new: {recipe: any, suite: sid, kernel: amd64}\n"
      "  any: {}\n");
  write_program("any/build", R"(
echo "$LAB_NAME ${LAB_SUITE-none} ${LAB_KERNEL-none}" >$1/d
echo "$LAB_NAME: made" >&2
echo '{"name":"'$LAB_NAME'","kind":"disk","disk":"d"}' >$1/image.json)");
  std::string said;
  const auto progress = [&](const std::string& line) { said += line + "\n"; };
  EXPECT_EQ(made("old", "", progress), "old bullseye none\n");
  EXPECT_EQ(made("new", "", progress), "new sid amd64\n");
  EXPECT_EQ(made("any", "", progress), "any none none\n");
  EXPECT_EQ(said, "old: made\nnew: made\nany: made\n");

  // An image of another suite is another image.
  write_manifest("  old: {recipe: any, suite: bookworm}\n");
  EXPECT_FALSE(ImageCache(folders_).find("old", ""));
}

}  // namespace
}  // namespace lab::image
