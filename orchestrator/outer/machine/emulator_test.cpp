// SPDX-License-Identifier: MIT
#include "orchestrator/outer/machine/emulator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/file_lock.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::outer {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class OwnEmulator : public testing::Test {
 protected:
  OwnEmulator() : folder_("/tmp", "lab-test") {
    fs::create_directory(folder_.path() / "qemu-1.2.3-abc");
    fs::create_symlink("qemu-1.2.3-abc", folder_.path() / "qemu");
    base::write_file(program(), "program");
    write_info(base::sha256_file(program()));
  }

  fs::path link() const { return folder_.path() / "qemu"; }
  fs::path program() const { return folder_.path() / "qemu-1.2.3-abc/qemu-system-x86_64"; }
  fs::path info() const { return link() / "info.json"; }
  void write_info(const std::string& digest) const {
    base::write_file(
        info(),
        R"({"version": "1.2.3", "package": "1:1.2.3-1", "changes": "one two", "sha256": ")" +
            digest + R"(", "changes_digest": "0123456789abcdef"})");
  }
  // Returns the error of finding it; "" where that succeeds.
  std::string complaint() const {
    try {
      find_emulator(own_qemu, folder_.path());
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      return error.what();
    }
  }

  base::TemporaryFolder folder_;
};

TEST_F(OwnEmulator, IsNamedByVersionAndChanges) {
  const auto found = find_emulator(own_qemu, folder_.path());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->program, program());
  EXPECT_EQ(in_words(*found), "QEMU 1.2.3 with one two (01234567)");
}

TEST_F(OwnEmulator, NeedNotBeThere) {
  EXPECT_FALSE(find_emulator(own_bochs, folder_.path()));
}

TEST_F(OwnEmulator, IsNotUsedWhenChangedByHand) {
  base::write_file(program(), "another program");
  EXPECT_THAT(complaint(), HasSubstr("qemu-system-x86_64' is not as it was built: its digest"));
  fs::remove(program());
  EXPECT_THAT(complaint(), HasSubstr("it has no program"));
}

TEST_F(OwnEmulator, IsBeingBuiltWhileItsLockIsHeld) {
  EXPECT_FALSE(is_being_built(own_qemu, folder_.path()));
  const fs::path file = folder_.path() / ".qemu.lock";
  {
    const base::Fd lock = base::open_lock(file);
    EXPECT_FALSE(is_being_built(own_qemu, folder_.path()));
    ASSERT_TRUE(base::try_lock(lock, file));
    EXPECT_TRUE(is_being_built(own_qemu, folder_.path()));
    EXPECT_FALSE(is_being_built(own_bochs, folder_.path()));
  }
  EXPECT_FALSE(is_being_built(own_qemu, folder_.path()));
}

// Whoever can write the program can write its digest as well.
TEST_F(OwnEmulator, IsNotUsedWhereOthersCanWriteIt) {
  for (const fs::path& path : {program(), info(), program().parent_path(), folder_.path()}) {
    const fs::perms before = fs::status(path).permissions();
    fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
    try {
      find_emulator(own_qemu, folder_.path());
      ADD_FAILURE() << path;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("can be written by everyone"));
      EXPECT_THAT(error.hint(), HasSubstr("chmod -R go-w /"));
    }
    fs::permissions(path, before);
  }
}

TEST_F(OwnEmulator, IsNotUsedWithADamagedDescription) {
  for (const char* text : {"", "{", "[]", "{}", R"({"sha256": 1})"}) {
    base::write_file(info(), text);
    EXPECT_THAT(complaint(), HasSubstr("is not as it was built")) << text;
  }
  write_info("");
  EXPECT_THAT(complaint(), HasSubstr("it has no 'sha256'"));
  fs::remove(info());
  EXPECT_THAT(complaint(), HasSubstr("it has no info.json"));
}

TEST(Emulator, SaysItsNameAndVersion) {
  EXPECT_EQ(emulator_in_words("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1)\n"
                              "Copyright (c) 2003-2025 Fabrice Bellard\n"),
            "QEMU 10.0.2");
  EXPECT_EQ(emulator_in_words("QEMU emulator version 7.2.22\n"), "QEMU 7.2.22");
  EXPECT_EQ(emulator_in_words("=====\n          Bochs x86 Emulator 2.7\n  Built from SVN\n"),
            "Bochs 2.7");
  EXPECT_EQ(emulator_in_words("QEMU emulator version " + std::string(1000, '1')).size(), 5u + 64u);
  for (const char* text : {"", "QEMU", "QEMU emulator version ", "Bochs x86 Emulator \x1b[31m"})
    EXPECT_EQ(emulator_in_words(text), "") << text;
}

}  // namespace
}  // namespace lab::outer
