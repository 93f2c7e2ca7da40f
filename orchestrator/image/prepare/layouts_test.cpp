// SPDX-License-Identifier: MIT
// Disks laid out as distributions do: what preparing finds and changes in them.
#include <guestfs.h>

#include "orchestrator/image/prepare/guestfs_fixture.hpp"

namespace lab::image {
namespace {

using testing::HasSubstr;

// Makes a disk by libguestfs' own functions.
class Maker {
 public:
  Maker(const fs::path& disk, const fs::path& cache, const fs::path& kit)
      : guest_(guestfs_create()) {
    const fs::path modules = fs::directory_iterator(kit / "lib/modules")->path();
    const std::string release = modules.filename().string();
    ::setenv("SUPERMIN_KERNEL", (kit / "boot" / ("vmlinuz-" + release)).c_str(), 1);
    ::setenv("SUPERMIN_KERNEL_VERSION", release.c_str(), 1);
    ::setenv("SUPERMIN_MODULES", modules.c_str(), 1);
    base::write_file(disk, "");
    fs::resize_file(disk, 512 << 20);
    done(guestfs_set_cachedir(guest_, cache.c_str()));
    done(guestfs_set_backend(guest_, "direct"));
    done(guestfs_set_backend_setting(guest_, "force_tcg", "1"));
    done(guestfs_set_memsize(guest_, 768));
    done(guestfs_add_drive_opts(guest_, disk.c_str(), GUESTFS_ADD_DRIVE_OPTS_FORMAT, "raw", -1));
    done(guestfs_launch(guest_));
    done(guestfs_part_init(guest_, "/dev/sda", "gpt"));
  }
  ~Maker() {
    done(guestfs_umount_all(guest_));
    done(guestfs_shutdown(guest_));
    guestfs_close(guest_);
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;

  // The next partition, of so many MiB, with a file system.
  void partition(const char* type, int mib) {
    const int begin = next_;
    next_ += mib * 2048;  // sectors
    const std::string device = "/dev/sda" + std::to_string(++partitions_);
    done(guestfs_part_add(guest_, "/dev/sda", "p", begin, next_ - 1));
    done(guestfs_mkfs(guest_, type, device.c_str()));
  }
  void subvolume(const char* device, const char* name) {
    done(guestfs_mount(guest_, device, "/"));
    done(guestfs_btrfs_subvolume_create(guest_, (std::string("/") + name).c_str()));
    done(guestfs_umount_all(guest_));
  }
  void mount(const char* what, const std::string& folder) {
    if (folder != "/") done(guestfs_mkdir_p(guest_, folder.c_str()));
    done(guestfs_mount(guest_, what, folder.c_str()));
  }
  void write(const std::string& path, const std::string& text) {
    done(guestfs_mkdir_p(guest_, fs::path(path).parent_path().c_str()));
    done(guestfs_write(guest_, path.c_str(), text.data(), text.size()));
  }
  // What lab looks for in a system, and its fstab.
  void write_system(const std::string& fstab) {
    write("/etc/os-release", "ID=test\n");
    write("/usr/lib/systemd/systemd", "");
    write("/boot/vmlinuz-1", "");
    write("/etc/fstab", fstab);
  }
  std::string uuid(const char* device) { return text(guestfs_vfs_uuid(guest_, device)); }
  std::string partition_uuid(int number) {
    return text(guestfs_part_get_gpt_guid(guest_, "/dev/sda", number));
  }

 private:
  void done(int result) { ASSERT_NE(result, -1) << guestfs_last_error(guest_); }
  static std::string text(char* from) {
    const std::string copy = from != nullptr ? from : "";
    std::free(from);
    return copy;
  }

  guestfs_h* guest_;
  int partitions_ = 0, next_ = 2048;
};

class GuestfsLayout : public GuestfsAppliance {
 protected:
  fs::path disk() const { return folder.path() / "disk.raw"; }
  Maker maker() const { return {disk(), folders.cache, kit}; }

  // The files of the prepared disk, as mount_root() reaches them.
  std::string read(const Prepared& made, const std::string& path, bool efi = false) const {
    Guestfs guest(made.disk, "qcow2", {.cache = folders.cache, .kernel_kit = kit});
    guest.mount_root();
    if (efi) guest.mount_efi_partition();
    EXPECT_EQ(guest.read("/usr/local/sbin/lab-reader"), "#!reader");
    const std::string text = guest.read(path);
    guest.finish();
    return text;
  }
};

const std::string quiet = console_parameters(Console::quiet);

// As Ubuntu has it: /boot on a partition of its own, and the EFI system partition below it.
TEST_F(GuestfsLayout, GrubOnABootPartition) {
  {
    Maker make = maker();
    make.partition("vfat", 64);
    make.partition("ext4", 64);
    make.partition("ext4", 128);
    make.mount("/dev/sda3", "/");
    make.mount("/dev/sda2", "/boot");
    make.mount("/dev/sda1", "/boot/efi");
    make.write_system("UUID=" + make.uuid("/dev/sda3") +
                      " / ext4 defaults 0 1\nUUID=" + make.uuid("/dev/sda2") +
                      " /boot ext4 defaults 0 2\nUUID=" + make.uuid("/dev/sda1") +
                      " /boot/efi vfat umask=0077 0 1\n");
    make.write("/boot/grub/grub.cfg", "linux /vmlinuz-1 root=UUID=1 ro quiet splash\n");
    make.write("/boot/efi/EFI/ubuntu/grub.cfg", "configfile /grub/grub.cfg\n");
  }
  const Prepared made = prepared(disk(), {.console = Console::quiet, .cmdline = "a=b"});
  EXPECT_EQ(read(made, "/boot/grub/grub.cfg"),
            "linux /vmlinuz-1 root=UUID=1 ro splash " + quiet + " a=b\n");
  EXPECT_FALSE(made.needs_uefi);
}

// As Debian's package systemd-boot leaves it: entries on the EFI system partition instead of GRUB.
TEST_F(GuestfsLayout, SystemdBootOnTheEfiPartition) {
  const std::string entries = "/boot/efi/loader/entries/";
  {
    Maker make = maker();
    make.partition("vfat", 64);
    make.partition("ext4", 128);
    make.mount("/dev/sda2", "/");
    make.mount("/dev/sda1", "/boot/efi");
    make.write_system("UUID=" + make.uuid("/dev/sda1") + " /boot/efi vfat umask=0077 0 1\n");
    make.write("/boot/efi/loader/loader.conf", "timeout 5\neditor no\n");
    make.write(entries + "a.conf", "title A\nlinux /a/linux\noptions root=UUID=1 quiet\n");
  }
  const Prepared made = prepared(disk(), {.console = Console::quiet, .cmdline = "a=\"$b;\""});
  EXPECT_EQ(read(made, entries + "a.conf", true),
            "title A\nlinux /a/linux\noptions root=UUID=1 " + quiet + " a=\"$b;\"\n");
  EXPECT_EQ(read(made, "/boot/efi/loader/loader.conf", true), "editor no\n");
  EXPECT_TRUE(made.needs_uefi);
  EXPECT_TRUE(prepared(disk(), {.console = Console::quiet, .cmdline = "a=\"$b;\""}).needs_uefi)
      << "also where it was found";
  const Prepared own = prepared(disk(), {.console = Console::quiet, .own_kernel = true});
  EXPECT_THAT(own.cmdline, testing::EndsWith(quiet));
  EXPECT_THAT(own.cmdline, testing::StartsWith("root=PARTUUID="));
}

// As Fedora has its root: in a subvolume of btrfs, beside others.
TEST_F(GuestfsLayout, ARootInASubvolumeOfBtrfs) {
  std::string partition;
  {
    Maker make = maker();
    make.partition("ext4", 64);
    make.partition("btrfs", 256);
    make.subvolume("/dev/sda2", "home");
    make.subvolume("/dev/sda2", "root");
    make.mount("btrfsvol:/dev/sda2/root", "/");
    make.mount("/dev/sda1", "/boot");
    const std::string uuid = "UUID=" + make.uuid("/dev/sda2");
    make.write_system(uuid + " / btrfs subvol=root,compress=zstd:1 0 0\n" + uuid +
                      " /home btrfs subvol=home 0 0\nUUID=" + make.uuid("/dev/sda1") +
                      " /boot ext4 defaults 1 2\n");
    make.write("/boot/grub2/grub.cfg", "blscfg\n");
    make.write("/boot/loader/entries/a.conf",
               "title A\noptions root=UUID=1 ro rootflags=subvol=root quiet\n");
    partition = make.partition_uuid(2);
  }
  const Prepared made = prepared(disk(), {.console = Console::quiet, .cmdline = "a=b"});
  EXPECT_EQ(read(made, "/boot/loader/entries/a.conf"),
            "title A\noptions root=UUID=1 ro rootflags=subvol=root " + quiet + " a=b\n");
  for (char& c : partition) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_EQ(prepared(disk(), {.console = Console::quiet, .own_kernel = true}).cmdline,
            "root=PARTUUID=" + partition + " ro rootflags=subvol=root " + quiet);
}

}  // namespace
}  // namespace lab::image
