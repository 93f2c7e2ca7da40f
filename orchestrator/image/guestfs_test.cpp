// SPDX-License-Identifier: MIT
#include "orchestrator/image/guestfs.hpp"

#include <gmock/gmock.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/folders.hpp"
#include "orchestrator/base/subprocess.hpp"
#include "orchestrator/image/prepare.hpp"

namespace lab::image {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// The kernel kit of this machine's own suite: the appliance is made of this machine's programs.
fs::path own_kit(const base::Folders& folders) {
  const std::string suite = base::run_checked({.argv = {"sh", "-c",
                                                        ". /etc/os-release; "
                                                        "printf %s \"$VERSION_CODENAME\""}});
  for (const auto& entry : fs::directory_iterator(folders.cache / "kernels"))
    if (fs::exists(entry.path() / "info.json") &&
        base::read_file(entry.path() / "info.json").find('"' + suite + '"') != std::string::npos)
      return entry.path();
  return {};
}

class GuestfsAppliance : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::exists(folders.cache / "kernels")) << "no kernel in the cache: lab kvm build";
    kit = own_kit(folders);
    ASSERT_FALSE(kit.empty()) << "no kernel of this machine's suite in the cache: lab kvm build";
  }

  const base::Folders folders = base::find_folders();
  const base::TemporaryFolder folder{"/tmp", "lab-test"};
  fs::path kit;
};

// Starts the real appliance by emulation, with the kernel of lab's cache (`lab kvm build` puts one
// there); about 20 s.
TEST_F(GuestfsAppliance, InjectsIntoARealImage) {
  const fs::path tree = folder.path() / "tree", raw = folder.path() / "disk.raw";
  fs::create_directories(tree / "etc/cloud");
  fs::create_directories(tree / "boot/grub");
  base::write_file(tree / "etc/os-release", "ID=test\n");
  base::write_file(tree / "boot/grub/grub.cfg", "linux /vmlinuz quiet\n");
  base::run_checked(
      {.argv = {"mke2fs", "-q", "-t", "ext4", "-d", tree.string(), raw.string(), "32M"}});
  base::write_file(folder.path() / "reader", "#!reader");

  base::Folders own = folders;
  own.cache = folder.path() / "cache";
  own.reader = folder.path() / "reader";
  const Image image{.name = "test", .disk = raw, .disk_format = "raw", .digest = "sha256:x"};
  const ApplianceOptions appliance{.cache = folders.cache, .kernel_kit = kit};
  const PrepareOptions options{.console = Console::verbose, .cmdline = "clocksource=hpet"};
  const Prepared made = prepare(image, own, options, appliance, [](const std::string&) {});
  EXPECT_FALSE(made.found);
  EXPECT_TRUE(prepare(image, own, options, appliance, {}).found);

  Guestfs guest(made.disk, "qcow2", appliance);
  guest.mount_root();
  EXPECT_EQ(guest.read("/usr/local/sbin/lab-reader"), "#!reader");
  EXPECT_THAT(guest.read("/etc/systemd/system/lab-reader.service"),
              HasSubstr("After=multi-user.target"));
  EXPECT_TRUE(guest.exists("/etc/systemd/system/multi-user.target.wants/lab-reader.service"));
  EXPECT_THAT(guest.read("/boot/grub/grub.cfg"), HasSubstr("panic=-1 clocksource=hpet"));
  EXPECT_TRUE(guest.exists("/var/lib/cloud/seed/nocloud/meta-data"));
  EXPECT_THROW(guest.read("/no/such/file"), base::Error);
  guest.finish();
}

TEST_F(GuestfsAppliance, SaysWhenAnImageHoldsNoSystem) {
  const fs::path raw = folder.path() / "disk.raw";
  base::run_checked({.argv = {"mke2fs", "-q", "-t", "ext4", raw.string(), "16M"}});
  Guestfs guest(raw, "raw", {.cache = folders.cache, .kernel_kit = kit});
  try {
    guest.mount_root();
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("operating system"));
  }
}

// A disk as Fedora and RHEL have it: /boot on a partition of its own, with boot loader entries, and
// SELinux labels on the root's files.
class FedoraLike {
 public:
  explicit FedoraLike(const fs::path& folder) : folder_(folder) {
    write("boot/grub2/grub.cfg", "set timeout=5\ninsmod blscfg\nblscfg\n");
    write("boot/grub2/grubenv", "kernelopts=root=UUID=1 ro quiet\n");
    write("boot/loader/entries/a.conf", "title A\noptions $kernelopts rhgb\n");
    write("root/etc/os-release", "ID=test\n");
    write("root/etc/fstab", "UUID=" + uuid_ + " /boot ext4 defaults 1 2\n");
    for (const char* path : {"boot", "etc/systemd/system", "usr/local/sbin"})
      fs::create_directories(folder_ / "root" / path);
    label("", "root_t");
    label("usr/local/sbin", "bin_t");
    label("etc/systemd/system", "systemd_unit_file_t");
    // Sectors of 512 bytes: the first MiB is the table's.
    base::run_checked(
        {.argv = {"sh", "-c",
                  "cd \"$1\" && truncate -s 64M disk.raw && "
                  "printf 'label: dos\\n2048,32768\\n34816\\n' | sfdisk -q disk.raw && "
                  "mke2fs -q -t ext4 -U \"$2\" -d boot -E offset=1048576 disk.raw 16M && "
                  "mke2fs -q -t ext4 -d root -E offset=17825792 disk.raw 40M",
                  "sh", folder_.string(), uuid_}});
  }

  fs::path disk() const { return folder_ / "disk.raw"; }

 private:
  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((folder_ / path).parent_path());
    base::write_file(folder_ / path, text);
  }
  void label(const std::string& path, const std::string& type) const {
    const std::string text = "system_u:object_r:" + type + ":s0";
    ASSERT_EQ(::setxattr((folder_ / "root" / path).c_str(), "security.selinux", text.c_str(),
                         text.size() + 1, 0),
              0);
  }

  fs::path folder_;
  const std::string uuid_ = "0b8c5cd4-0f4e-4a3f-9d0c-1d2f6f3a4b5c";
};

TEST_F(GuestfsAppliance, ReachesASeparateBootItsEntriesAndSelinuxLabels) {
  const FedoraLike fedora(folder.path());
  base::Folders own = folders;
  own.cache = folder.path() / "cache";
  own.reader = folder.path() / "reader";
  base::write_file(own.reader, "#!reader");
  const Image image{
      .name = "test", .disk = fedora.disk(), .disk_format = "raw", .digest = "sha256:x"};
  const ApplianceOptions appliance{.cache = folders.cache, .kernel_kit = kit};
  const Prepared made =
      prepare(image, own, {.console = Console::none, .cmdline = "clocksource=hpet"}, appliance,
              [](const std::string&) {});

  Guestfs guest(made.disk, "qcow2", appliance);
  guest.mount_root();
  EXPECT_EQ(guest.read("/boot/loader/entries/a.conf"), "title A\noptions root=UUID=1 ro rhgb " +
                                                           console_parameters(Console::none) +
                                                           " clocksource=hpet\n");
  EXPECT_THAT(guest.read("/boot/grub2/grub.cfg"), HasSubstr("set timeout=0"));
  const auto label_of = [&](const std::string& path) {
    return std::string(guest.label_of(path).c_str());  // without the zero at its end
  };
  EXPECT_EQ(label_of("/usr/local/sbin/lab-reader"), "system_u:object_r:bin_t:s0");
  for (const std::string path : {"/lab-reader.service", "/multi-user.target.wants",
                                 "/multi-user.target.wants/lab-reader.service"})
    EXPECT_EQ(label_of("/etc/systemd/system" + path), "system_u:object_r:systemd_unit_file_t:s0")
        << path;
  EXPECT_EQ(label_of("/boot/grub2/grub.cfg"), "") << "that file system has no labels";
  guest.finish();
}

// Features that no kernel knows: blkid names the file system, and mounting it fails.
TEST_F(GuestfsAppliance, SaysWhyAFileSystemIsNotTheRoot) {
  const fs::path raw = folder.path() / "disk.raw";
  base::run_checked({.argv = {"mke2fs", "-q", "-t", "ext4", raw.string(), "16M"}});
  base::run_checked({.argv = {"debugfs", "-w", "-R", "feature FEATURE_I31", raw.string()}});
  Guestfs guest(raw, "raw", {.cache = folders.cache, .kernel_kit = kit});
  try {
    guest.mount_root();
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\n  /dev/sda (ext4): "));
    EXPECT_THAT(error.what(), HasSubstr("mount"));
  }
}

TEST_F(GuestfsAppliance, ThatHangsIsEnded) {
  const fs::path raw = folder.path() / "disk.raw";
  base::run_checked({.argv = {"mke2fs", "-q", "-t", "ext4", raw.string(), "16M"}});
  const base::Stopwatch watch;
  {
    Guestfs guest(
        raw, "raw",
        {.cache = folders.cache, .kernel_kit = kit, .patience = std::chrono::seconds(90)});
    base::run_checked({.argv = {"pkill", "-STOP", "-P", std::to_string(::getpid()), "-f",
                                "qemu.*" + folder.path().string()}});
    EXPECT_THAT([&] { guest.mount_root(); },
                testing::Throws<base::Error>(testing::Property(
                    &base::Error::what, HasSubstr("did not answer within 90 s"))));
  }
  EXPECT_LT(watch.seconds(), 300);
}

}  // namespace
}  // namespace lab::image
