// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/kernel_file.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"

namespace lab::image {
namespace {

using testing::HasSubstr;

// Makes the beginning of a bzImage whose version text is `version`.
std::string head_with(const std::string& version) {
  std::string head(0x1000, '\0');
  head.replace(0x1fe, 2, "\x55\xaa");
  head.replace(0x202, 4, "HdrS");
  head.replace(0x206, 2, "\x0f\x02");
  head.replace(0x20e, 2, std::string("\0\x04", 2));  // 0x400, from 0x200 on
  head[0x211] = 1;
  head[0x236] = 0x7f;
  return head.replace(0x600, version.size(), version);
}

std::string refusal(const std::string& head) {
  try {
    return "taken: " + kernel_version(head);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    return std::string(error.what()) + " | " + error.hint();
  }
}

std::string changed(std::size_t at, const std::string& bytes) {
  return head_with("6.1").replace(at, bytes.size(), bytes);
}

TEST(KernelFile, SaysItsVersion) {
  EXPECT_EQ(kernel_version(head_with("6.12.1-mine (me@here) #3 SMP")),
            "6.12.1-mine (me@here) #3 SMP");
  EXPECT_EQ(kernel_version(head_with("6.1\x1b[31m\xff")), "6.1?[31m?");
  EXPECT_EQ(kernel_version(head_with(std::string(999, 'v'))), std::string(200, 'v'));
}

TEST(KernelFile, SaysWhatElseItIs) {
  EXPECT_THAT(refusal(""), HasSubstr("no header of one | a bzImage: arch/x86/boot/bzImage"));
  EXPECT_THAT(refusal("\x7f"
                      "ELF\x02"),
              HasSubstr("an ELF file, such as vmlinux"));
  EXPECT_THAT(refusal(std::string(56, '\0') + "ARM\x64"), HasSubstr("for arm64"));
  EXPECT_THAT(refusal("\x1f\x8b\x08"), HasSubstr("packed by gzip"));
  EXPECT_THAT(refusal(head_with("6.1").substr(0, 0x237)), HasSubstr("no header of one"));
  EXPECT_THAT(refusal(changed(0x202, "HdrX")), HasSubstr("no header of one"));
  EXPECT_THAT(refusal(changed(0x206, "\x0b\x02")), HasSubstr("older than 2.12"));
  EXPECT_THAT(refusal(changed(0x211, std::string(1, '\0'))), HasSubstr("zImage"));
  EXPECT_THAT(refusal(changed(0x236, "\x7e")), HasSubstr("32 bits"));
}

// The pointer may point anywhere.
TEST(KernelFile, IsBoundedByWhatWasRead) {
  EXPECT_THAT(refusal(changed(0x20e, std::string(2, '\0'))), HasSubstr("has no version"));
  EXPECT_THAT(refusal(changed(0x20e, "\xff\xff")), HasSubstr("has no version"));
  // The text begins at the last byte, 0x200 + 0xdff, and nothing ends it.
  std::string head = changed(0x20e, "\xff\x0d");
  head.back() = 'v';
  EXPECT_EQ(kernel_version(head), "v");
}

TEST(KernelFile, TellsInitrdsFromOtherFiles) {
  EXPECT_EQ(initrd_kind("070701000"), "cpio");
  EXPECT_EQ(initrd_kind(std::string(512, '\0') + "070701000"), "cpio");
  EXPECT_EQ(initrd_kind("\x28\xb5\x2f\xfd"), "zstd");
  EXPECT_THROW(initrd_kind(""), base::Error);
  EXPECT_THROW(initrd_kind(std::string(512, '\0')), base::Error);
  EXPECT_THROW(initrd_kind("#!/bin/sh"), base::Error);
}

TEST(KernelFile, NamesTheFile) {
  const base::TemporaryFolder folder{"/tmp", "lab-test"};
  const auto error_of = [&](const std::string& name) -> std::string {
    try {
      check_kernel(folder.path() / name);
      return "";
    } catch (const base::Error& error) {
      return error.what();
    }
  };
  base::write_file(folder.path() / "empty", "");
  base::write_file(folder.path() / "text", "no kernel");
  base::write_file(folder.path() / "good", head_with("6.1"));
  const std::string place = "guest.kernel '" + folder.path().string();
  EXPECT_EQ(error_of("good"), "");
  EXPECT_EQ(error_of("none"), place + "/none': there is no such file");
  EXPECT_EQ(error_of("empty"), place + "/empty': it is empty");
  EXPECT_THAT(error_of("text"), HasSubstr("/text': it is no kernel for x86 (bzImage)"));
  EXPECT_EQ(error_of(""), place + "/': it is no regular file");
}

}  // namespace
}  // namespace lab::image
