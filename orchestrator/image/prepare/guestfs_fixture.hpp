// SPDX-License-Identifier: MIT
// Supports tests that start the real appliance by emulation, with the kernel of lab's cache (`lab
// kvm build` puts one there); a start takes about 20 s.
#pragma once

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/prepare/guestfs.hpp"
#include "orchestrator/image/prepare/prepare.hpp"

namespace lab::image {

namespace fs = std::filesystem;

// Returns the kernel kit of this machine's suite, as the appliance consists of its programs.
inline fs::path own_kit(const base::Folders& folders) {
  const std::string suite = base::run_checked({.argv = {"sh", "-c",
                                                        ". /etc/os-release; "
                                                        "printf %s \"$VERSION_CODENAME\""}});
  for (const auto& entry : fs::directory_iterator(folders.cache / "kernels"))
    if (fs::exists(entry.path() / "info.json") &&
        base::read_file(entry.path() / "info.json").find('"' + suite + '"') != std::string::npos)
      return entry.path();
  return {};
}

// Writes the files by which lab recognizes an operating system.
inline void write_system(const fs::path& tree) {
  for (const char* file : {"etc/os-release", "usr/lib/systemd/systemd", "boot/vmlinuz-1"}) {
    fs::create_directories((tree / file).parent_path());
    base::write_file(tree / file, "ID=test\n");
  }
}

// Reads files of a prepared disk by programs that share nothing with the appliance. `begin` is the
// byte of the disk at which the file system begins. A missing file reads as empty.
class Witness {
 public:
  Witness(const Prepared& made, const fs::path& folder) : disk_((folder / "seen.raw").string()) {
    base::run_checked({.argv = {"qemu-img", "convert", "-O", "raw", made.disk.string(), disk_}});
  }

  std::string ext4(std::uint64_t begin, const std::string& path) const {
    return debugfs(begin, "cat " + path);
  }
  std::string selinux_label(std::uint64_t begin, const std::string& path) const {
    // The label ends with a zero.
    return debugfs(begin, "ea_get -V " + path + " security.selinux").c_str();
  }
  std::string vfat(std::uint64_t begin, const std::string& path) const {
    return base::run({.argv = {"mcopy", "-n", "-i", disk_ + "@@" + std::to_string(begin),
                               "::" + path, "-"}})
        .output;
  }

 private:
  std::string debugfs(std::uint64_t begin, const std::string& request) const {
    return base::run_checked(
        {.argv = {"debugfs", "-R", request, disk_ + "?offset=" + std::to_string(begin)}});
  }

  std::string disk_;
};

class GuestfsAppliance : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::exists(folders.cache / "kernels")) << "no kernel in the cache: lab kvm build";
    kit = own_kit(folders);
    ASSERT_FALSE(kit.empty()) << "no kernel of this machine's suite in the cache: lab kvm build";
  }

  // Prepares the raw disk as image "test", with a cache and a reader of this test's own.
  Prepared prepared(const fs::path& raw, const PrepareOptions& options) const {
    base::Folders own = folders;
    own.cache = folder.path() / "cache";
    own.reader = folder.path() / "reader";
    base::write_file(own.reader, "#!reader");
    const Image image{.name = "test", .disk = raw, .disk_format = "raw", .digest = "sha256:x"};
    return prepare(image, own, options, {.cache = folders.cache, .kernel_kit = kit},
                   [](const std::string&) {});
  }

  const base::Folders folders = base::find_folders();
  const base::TemporaryFolder folder{"/tmp", "lab-test"};
  fs::path kit;
};

}  // namespace lab::image
