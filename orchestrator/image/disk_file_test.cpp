// SPDX-License-Identifier: MIT
#include "orchestrator/image/disk_file.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Makes files by qemu-img.
class DiskFile : public testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  fs::path make(std::vector<std::string> words) const {
    words.insert(words.begin(), {"qemu-img", "create", "-q"});
    base::run_checked({.argv = words});
    return path("file");
  }

  fs::path write(const std::string& bytes) const {
    std::ofstream(path("file"), std::ios::binary) << bytes;
    return path("file");
  }

  // Returns the error message; "" where the file is accepted.
  std::string error_of(const fs::path& file) const {
    try {
      take_disk_file(file, path("disk.qcow2"));
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
      EXPECT_FALSE(fs::exists(file)) << "what is refused must not be taken the next time";
      EXPECT_FALSE(fs::exists(path("disk.qcow2")));
      return error.what();
    }
  }

  std::string format_of_disk() const {
    return base::run_checked({.argv = {"qemu-img", "info", path("disk.qcow2").string()}});
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "disk-test"};
};

TEST_F(DiskFile, TakesAnImageThatStandsAlone) {
  EXPECT_EQ(error_of(make({"-f", "qcow2", path("file"), "8M"})), "");
  EXPECT_FALSE(fs::exists(path("file")));
  EXPECT_THAT(format_of_disk(), HasSubstr("file format: qcow2"));
}

TEST_F(DiskFile, ConvertsARawOne) {
  std::string disk(1 << 20, '\0');
  disk[510] = '\x55';
  disk[511] = '\xAA';
  EXPECT_EQ(error_of(write(disk)), "");
  EXPECT_THAT(format_of_disk(), HasSubstr("file format: qcow2"));
  EXPECT_THAT(format_of_disk(), HasSubstr("virtual size: 1 MiB"));
}

TEST_F(DiskFile, ConvertsARawOneWithoutPartitions) {
  const std::string file = path("file").string();
  const std::vector<std::vector<std::string>> makers = {{"mke2fs", "-q", "-t", "ext4", file},
                                                        {"mkfs.btrfs", "-q", "-f", file}};
  for (const auto& argv : makers) {
    write("");
    fs::resize_file(file, 128 << 20);
    base::run_checked({.argv = argv});
    EXPECT_EQ(error_of(file), "") << argv[0];
    EXPECT_THAT(format_of_disk(), HasSubstr("virtual size: 128 MiB")) << argv[0];
  }
  EXPECT_EQ(error_of(write("XFSB" + std::string(1020, '\0'))), "");
  EXPECT_EQ(error_of(write(std::string(512, '\0') + "LABELONE" + std::string(504, '\0'))), "");
}

// The guest could read any file of the host as its disk.
TEST_F(DiskFile, RefusesOneWithABackingFile) {
  EXPECT_THAT(
      error_of(make({"-f", "qcow2", "-b", "/etc/hostname", "-F", "raw", path("file"), "8M"})),
      HasSubstr("refers to another file"));
  EXPECT_THAT(error_of(make({"-f", "qcow2", "-u", "-b",
                             "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\","
                             "\"filename\":\"/etc/hostname\"}}",
                             "-F", "raw", path("file"), "8M"})),
              HasSubstr("refers to another file"));
}

TEST_F(DiskFile, RefusesOneWithADataFile) {
  EXPECT_THAT(error_of(make(
                  {"-f", "qcow2", "-o", "data_file=" + path("data").string(), path("file"), "8M"})),
              HasSubstr("refers to another file"));
}

// qemu-img would have to open the missing data file: another error shows that nobody opened it.
TEST_F(DiskFile, OpensNoDataFile) {
  const fs::path file =
      make({"-f", "qcow2", "-o", "data_file=" + path("data").string(), path("file"), "8M"});
  fs::remove(path("data"));
  EXPECT_THAT(error_of(file), HasSubstr("refers to another file (data-file)"));
}

TEST_F(DiskFile, RefusesADamagedOne) {
  const fs::path file = make({"-f", "qcow2", path("file"), "8M"});
  std::fstream header(file, std::ios::in | std::ios::out | std::ios::binary);
  header.seekp(79).put('\2');  // incompatible feature bit 1
  header.close();
  EXPECT_THAT(error_of(file), HasSubstr("marked as damaged"));
}

// A header may ask for any amount of memory and time.
TEST_F(DiskFile, IsDescribedWithinLimits) {
  const fs::path file = make({"-f", "qcow2", path("file"), "8M"});
  fs::create_directory(path("bin"));
  std::ofstream(path("bin/qemu-img"))
      << "#!/bin/sh\necho $(ulimit -v) KiB, $(ulimit -t) s >&2\nexit 1\n";
  fs::permissions(path("bin/qemu-img"), fs::perms::owner_all);
  const std::string before = ::getenv("PATH");
  ::setenv("PATH", (path("bin").string() + ":" + before).c_str(), 1);
  EXPECT_THAT(error_of(file), HasSubstr("cannot read it: 2097152 KiB, 20 s"));
  ::setenv("PATH", before.c_str(), 1);
}

TEST_F(DiskFile, RefusesAnEncryptedOne) {
  EXPECT_THAT(error_of(make({"-f", "qcow2", "--object", "secret,id=s,data=abc", "-o",
                             "encrypt.format=aes,encrypt.key-secret=s", path("file"), "8M"})),
              HasSubstr("encrypted"));
}

TEST_F(DiskFile, RefusesOtherFormats) {
  EXPECT_THAT(error_of(make({"-f", "vmdk", path("file"), "8M"})), HasSubstr("format is vmdk"));
  for (const char* format : {"vdi", "vhdx", "qed"})
    EXPECT_THAT(error_of(make({"-f", format, path("file"), "8M"})),
                HasSubstr(std::string("format is ") + format));
  EXPECT_THAT(error_of(make({"-f", "vpc", path("file"), "8M"})), HasSubstr("format is vhd"));
  EXPECT_THAT(error_of(write("\xFD"
                             "7zXZ and more")),
              HasSubstr("packed by xz"));
  EXPECT_THAT(error_of(write("\x28\xB5\x2F\xFD and more")), HasSubstr("packed by zstd"));
  EXPECT_THAT(error_of(write("\x1F\x8B and more")), HasSubstr("packed by gzip"));
  EXPECT_THAT(error_of(write("<html>not found</html>")), HasSubstr("no disk image"));
  EXPECT_THAT(error_of(write("")), HasSubstr("no disk image"));
  EXPECT_THAT(error_of(write(std::string(1 << 20, '\0'))),
              HasSubstr("neither a partition table nor one of the file systems"));
  EXPECT_THAT(error_of(write("QFI\xFB" + std::string(600, '\xFF'))), HasSubstr("cannot read it"));
}

}  // namespace
}  // namespace lab::image
