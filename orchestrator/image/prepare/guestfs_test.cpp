// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/guestfs.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/files/account.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/image/prepare/guestfs_fixture.hpp"

namespace lab::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Starts the real appliance by emulation, with the kernel of lab's cache (`lab kvm build` puts one
// there); about 20 s.
TEST_F(GuestfsAppliance, InjectsIntoARealImage) {
  const fs::path tree = folder.path() / "tree", raw = folder.path() / "disk.raw";
  fs::create_directories(tree / "etc/cloud");
  fs::create_directories(tree / "boot/grub");
  write_system(tree);
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

// The parameters are the image's own, except for a root that a kernel without an initrd finds, too.
TEST_F(GuestfsAppliance, PreparesForTheUsersOwnKernel) {
  const fs::path tree = folder.path() / "tree", raw = folder.path() / "disk.raw";
  fs::create_directories(tree / "etc");
  fs::create_directories(tree / "boot/grub");
  write_system(tree);
  base::write_file(tree / "boot/grub/grub.cfg", "linux /vmlinuz root=UUID=1 ro quiet splash\n");
  base::run_checked({.argv = {"sh", "-c",
                              "truncate -s 32M \"$2\" && printf 'label: dos\\nlabel-id: "
                              "0x12345678\\n2048\\n' | sfdisk -q \"$2\" && mke2fs -q -t ext4 "
                              "-d \"$1\" -E offset=1048576 \"$2\" 24M",
                              "sh", tree.string(), raw.string()}});
  base::Folders own = folders;
  own.cache = folder.path() / "cache";
  own.reader = folder.path() / "reader";
  base::write_file(own.reader, "#!reader");
  const Image image{.name = "test", .disk = raw, .disk_format = "raw", .digest = "sha256:x"};
  const ApplianceOptions appliance{.cache = folders.cache, .kernel_kit = kit};
  PrepareOptions options{.console = Console::quiet, .cmdline = "a=\"b\"", .own_kernel = true};
  const Prepared made = prepare(image, own, options, appliance, [](const std::string&) {});
  EXPECT_EQ(made.cmdline, "root=PARTUUID=12345678-01 ro splash " +
                              console_parameters(Console::quiet) + " a=\"b\"");
  options.console = Console::verbose;
  EXPECT_TRUE(prepare(image, own, options, appliance, {}).found);
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

// Returns the message that refuses to prepare a disk of this tree; "" where it is prepared.
class GuestfsRefusal : public GuestfsAppliance {
 protected:
  std::string of(const fs::path& file, bool own_kernel = false) const {
    base::Folders own = folders;
    own.cache = folder.path() / "cache";
    own.reader = folder.path() / "reader";
    base::write_file(own.reader, "#!reader");
    const Image image{.name = "mine", .disk = file, .disk_format = "raw", .digest = "sha256:x"};
    try {
      prepare(image, own, {.own_kernel = own_kernel}, {.cache = folders.cache, .kernel_kit = kit},
              [](const std::string&) {});
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user) << error.what();
      return std::string(error.what()) + " | " + error.hint();
    }
  }

  fs::path disk() const {
    const fs::path raw = folder.path() / "disk.raw";
    base::run_checked(
        {.argv = {"mke2fs", "-q", "-F", "-t", "ext4", "-d", tree.string(), raw.string(), "32M"}});
    return raw;
  }

  const fs::path tree = folder.path() / "tree";
};

TEST_F(GuestfsRefusal, NamesTheServiceManagerThatIsNotSystemd) {
  write_system(tree);
  fs::remove(tree / "usr/lib/systemd/systemd");
  base::write_file(tree / "etc/inittab", "");
  EXPECT_THAT(of(disk()),
              HasSubstr("image 'mine' has no systemd to start the reader: it has an /etc/inittab | "
                        "lab help yours"));
}

TEST_F(GuestfsRefusal, NamesTheKernelThatIsNotThere) {
  write_system(tree);
  fs::remove(tree / "boot/vmlinuz-1");
  const fs::path made = disk();
  EXPECT_THAT(of(made), HasSubstr("image 'mine' has no kernel in /boot | install one there"));
  EXPECT_EQ(of(made, true), "");
}

// Makes an 8 MiB disk that begins with these bytes.
fs::path disk_that_begins_with(const fs::path& file, const std::string& bytes) {
  base::write_file(file, bytes);
  fs::resize_file(file, 8 << 20);
  return file;
}

// Writes the header of LUKS 1 as far as it identifies the format ("LUKS On-Disk Format
// Specification", 1.2): magic, version, and the UUID at byte 168. qemu-img is no help: it measures
// how fast the processor derives keys, and fails on busy machines, where a clock has not advanced
// ("Unable to get accurate CPU usage").
TEST_F(GuestfsRefusal, NamesAnEncryptedDisk) {
  const std::string magic("LUKS\xba\xbe\0\1", 8);
  const fs::path luks = disk_that_begins_with(
      folder.path() / "disk.raw",
      magic + std::string(168 - magic.size(), '\0') + "0b8c5cd4-0f4e-4a3f-9d0c-1d2f6f3a4b5c");
  EXPECT_THAT(of(luks), HasSubstr("the image's disk is encrypted (LUKS): /dev/sda |"));
}

// Writes the header of Apple's APFS, for which Linux has no driver, as far as it identifies the
// format ("Apple File System Reference"): the object's type at byte 24, the magic, and the block
// size, 4096.
TEST_F(GuestfsRefusal, NamesTheFileSystemThatItCannotRead) {
  const std::string header =
      std::string(24, '\0') + std::string("\1\0\0\x80\0\0\0\0NXSB\0\x10\0\0", 16);
  EXPECT_THAT(of(disk_that_begins_with(folder.path() / "disk.raw", header)),
              AllOf(HasSubstr("no file system of the image holds an operating system:\n  "
                              "/dev/sda (apfs): "),
                    HasSubstr("unknown filesystem type 'apfs'")));
}

// Makes a disk like Fedora's and RHEL's: /boot on its own partition, with boot loader entries, and
// SELinux labels on the root's files.
class FedoraLike {
 public:
  static constexpr std::uint64_t boot = 2048 * 512, root = 34816 * 512;  // where they begin

  explicit FedoraLike(const fs::path& folder) : folder_(folder) {
    write("boot/grub2/grub.cfg", "set timeout=5\ninsmod blscfg\nblscfg\n");
    write("boot/grub2/grubenv", "kernelopts=root=UUID=1 ro quiet\n");
    write("boot/loader/entries/a.conf", "title A\noptions $kernelopts rhgb\n");
    write_system(folder_ / "root");
    write("boot/vmlinuz-1", "");
    write("root/etc/fstab", "UUID=" + uuid_ + " /boot ext4 defaults 1 2\n");
    for (const char* path : {"boot", "etc/systemd/system", "usr/local/sbin"})
      fs::create_directories(folder_ / "root" / path);
    label("", "root_t");
    label("usr/local/sbin", "bin_t");
    label("etc/systemd/system", "systemd_unit_file_t");
    // Sectors have 512 bytes; the first MiB holds the partition table.
    base::run_checked(
        {.argv = {"sh", "-c",
                  "cd \"$1\" && truncate -s 64M disk.raw && "
                  "printf 'label: dos\\n2048,32768\\n34816\\n' | sfdisk -q disk.raw && "
                  "mke2fs -q -t ext4 -U \"$2\" -d boot -E offset=$3 disk.raw 16M && "
                  "mke2fs -q -t ext4 -d root -E offset=$4 disk.raw 40M",
                  "sh", folder_.string(), uuid_, std::to_string(boot), std::to_string(root)}});
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
  const Prepared made =
      prepared(fedora.disk(), {.console = Console::none, .cmdline = "clocksource=hpet"});
  const Witness seen(made, folder.path());
  const std::uint64_t boot = FedoraLike::boot, root = FedoraLike::root;
  EXPECT_EQ(seen.ext4(boot, "/loader/entries/a.conf"), "title A\noptions root=UUID=1 ro rhgb " +
                                                           console_parameters(Console::none) +
                                                           " clocksource=hpet\n");
  EXPECT_THAT(seen.ext4(boot, "/grub2/grub.cfg"), HasSubstr("set timeout=0"));
  EXPECT_EQ(seen.ext4(root, "/usr/local/sbin/lab-reader"), "#!reader");
  EXPECT_EQ(seen.selinux_label(root, "/usr/local/sbin/lab-reader"), "system_u:object_r:bin_t:s0");
  for (const std::string path : {"/lab-reader.service", "/multi-user.target.wants",
                                 "/multi-user.target.wants/lab-reader.service"})
    EXPECT_EQ(seen.selinux_label(root, "/etc/systemd/system" + path),
              "system_u:object_r:systemd_unit_file_t:s0")
        << path;
  EXPECT_EQ(seen.selinux_label(boot, "/grub2/grub.cfg"), "") << "that file system has no labels";
}

// The file system has features that no kernel knows: blkid names it, and mounting it fails.
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

// An attacker who escapes from the appliance by an image's file system is not root.
TEST_F(GuestfsAppliance, RunsAsAnotherUserWhereLabIsRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  fs::permissions(folder.path(), fs::perms(0755));
  const fs::path raw = folder.path() / "disk.raw", tree = folder.path() / "tree";
  write_system(tree);
  base::run_checked(
      {.argv = {"mke2fs", "-q", "-t", "ext4", "-d", tree.string(), raw.string(), "16M"}});
  Guestfs guest(raw, "raw", {.cache = folders.cache, .kernel_kit = kit});
  guest.mount_root();
  const std::string processes = base::run_checked(
      {.argv = {"pgrep", "-P", std::to_string(::getpid()), "-f", "qemu.*" + raw.string()}});
  const std::string status =
      base::read_file("/proc/" + std::to_string(std::stoi(processes)) + "/status");
  const std::string user = std::to_string(base::account_for_emulators().value().user);
  EXPECT_THAT(status, HasSubstr("\nUid:\t" + user + "\t" + user + "\t" + user + "\t" + user));
  EXPECT_THAT(status, HasSubstr("\nCapEff:\t0000000000000000\n"));
  EXPECT_THAT(status, HasSubstr("\nNoNewPrivs:\t1\n"));
  guest.write("/etc/hostname", "test\n");
  guest.finish();
  struct stat found {};
  ASSERT_EQ(::stat(raw.c_str(), &found), 0);
  EXPECT_EQ(found.st_uid, 0u);
}

TEST_F(GuestfsAppliance, ThatHangsIsEnded) {
  const fs::path raw = folder.path() / "disk.raw";
  base::run_checked({.argv = {"mke2fs", "-q", "-t", "ext4", raw.string(), "16M"}});
  const base::Stopwatch watch;
  {
    Guestfs guest(raw, "raw", {.cache = folders.cache, .kernel_kit = kit});
    guest.set_patience(std::chrono::seconds(5));  // the start may take longer
    base::run_checked({.argv = {"pkill", "-STOP", "-P", std::to_string(::getpid()), "-f",
                                "qemu.*" + folder.path().string()}});
    EXPECT_THAT([&] { guest.mount_root(); },
                testing::Throws<base::Error>(
                    testing::Property(&base::Error::what, HasSubstr("did not answer within 5 s"))));
  }
  EXPECT_LT(watch.seconds(), 300);
}

}  // namespace
}  // namespace lab::image
