// SPDX-License-Identifier: MIT
#include "orchestrator/image/overlay.hpp"

#include <gtest/gtest.h>

#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;

TEST(Overlay, AChainOfDisksFindsItselfInAnotherPlace) {
  const base::TemporaryFolder folder(fs::temp_directory_path(), "lab-test");
  const fs::path lowest = folder.path() / "lowest.raw", middle = folder.path() / "middle.qcow2",
                 disk = folder.path() / "a/disk.qcow2", copies = folder.path() / "elsewhere";
  base::write_file(lowest, std::string(1 << 16, 'x'));
  create_overlay(lowest, "raw", middle);
  fs::create_directory(disk.parent_path());
  create_overlay(middle, "qcow2", disk);
  copy_chain(disk, copies);
  fs::rename(copies, folder.path() / "moved");
  for (const fs::path& file : {lowest, middle, disk}) fs::remove(file);

  const fs::path raw = folder.path() / "raw";
  base::run_checked({.argv = {"qemu-img", "convert", "-O", "raw",
                              (folder.path() / "moved/disk.qcow2").string(), raw.string()}});
  EXPECT_EQ(base::read_file(raw), std::string(1 << 16, 'x'));
}

}  // namespace
}  // namespace lab::image
