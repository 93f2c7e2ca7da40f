// SPDX-License-Identifier: MIT
// Tests disks laid out as distributions do: what preparing finds and changes in them.
#include <guestfs.h>

#include "orchestrator/image/prepare/guestfs_fixture.hpp"

namespace lab::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Makes a disk with a GPT and 64 MiB partitions, each from a folder, by this machine's programs.
class DiskOfFolders {
 public:
  DiskOfFolders(const fs::path& folder, unsigned partitions) : folder_(folder) {
    std::string table = "label: gpt\n";
    for (unsigned i = 0; i < partitions; ++i) table += "size=64M\n";
    run("truncate -s $1M disk.raw && printf \"$2\" | sfdisk -q disk.raw",
        std::to_string(64 * partitions + 2), table);
  }

  // Adds a file to the next file system.
  void write(const std::string& path, const std::string& text = "") const {
    fs::create_directories((tree() / path).parent_path());
    base::write_file(tree() / path, text);
  }
  void make_folder(const std::string& path) const { fs::create_directories(tree() / path); }
  void write_system(const std::string& fstab) const {
    image::write_system(tree());
    write("etc/fstab", fstab);
  }

  // Makes the file system in the next partition. Returns the byte of the disk at which it begins.
  std::uint64_t ext4(const std::string& uuid) {
    run("mke2fs -q -t ext4 -U $1 -d $3 -E offset=$2 disk.raw 64M", uuid, begin());
    return next();
  }
  // Gives the ext4 there a feature that no kernel knows: blkid names it, and mounting it fails.
  void spoil(std::uint64_t file_system) const {
    run("debugfs -w -R 'feature FEATURE_I31' \"disk.raw?offset=$1\"", std::to_string(file_system),
        "");
  }
  std::uint64_t vfat(const std::string& id) {
    run("mkfs.vfat -i $1 --offset=$(($2 / 512)) disk.raw 65536 && "
        "mcopy -s -Q -i disk.raw@@$2 $3/* ::",
        id, begin());
    return next();
  }

 private:
  std::string begin() const { return std::to_string((64 * partition_ + 1) << 20); }
  fs::path tree() const { return folder_ / std::to_string(partition_); }
  std::uint64_t next() { return (64 * partition_++ + 1) << 20; }
  void run(const std::string& commands, const std::string& first, const std::string& second) const {
    base::run_checked({.argv = {"sh", "-ec", "cd \"$0\"; " + commands, folder_.string(), first,
                                second, std::to_string(partition_)}});
  }

  fs::path folder_;
  std::uint64_t partition_ = 0;
};

// Makes a disk by libguestfs' own functions where this machine's programs cannot: they make no
// btrfs subvolumes without mounting the disk.
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

  // Makes the next partition, of so many MiB, with a file system.
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
  // Writes the files by which lab recognizes an operating system, and its fstab.
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

  // Reads a file of the prepared disk as mount_root() reaches it.
  std::string read(const Prepared& made, const std::string& path) const {
    Guestfs guest(made.disk, "qcow2", {.cache = folders.cache, .kernel_kit = kit});
    guest.mount_root();
    EXPECT_EQ(guest.read("/usr/local/sbin/lab-reader"), "#!reader");
    const std::string text = guest.read(path);
    guest.finish();
    return text;
  }
};

const std::string quiet = console_parameters(Console::quiet);
const std::string root_uuid = "0b8c5cd4-0f4e-4a3f-9d0c-1d2f6f3a4b5c";
const std::string boot_uuid = "0b8c5cd4-0f4e-4a3f-9d0c-1d2f6f3a4b5d";
const std::string efi_line = "UUID=1234-5678 /boot/efi vfat umask=0077 0 1\n";

// Ubuntu has /boot on its own partition, and the EFI system partition below it.
TEST_F(GuestfsLayout, GrubOnABootPartition) {
  DiskOfFolders make(folder.path(), 3);
  make.write("EFI/ubuntu/grub.cfg", "configfile /grub/grub.cfg\n");
  make.vfat("12345678");
  make.write("grub/grub.cfg", "linux /vmlinuz-1 root=UUID=1 ro quiet splash\n");
  make.write("vmlinuz-1");
  make.make_folder("efi");
  const std::uint64_t boot = make.ext4(boot_uuid);
  make.write_system("UUID=" + root_uuid + " / ext4 defaults 0 1\nUUID=" + boot_uuid +
                    " /boot ext4 defaults 0 2\n" + efi_line);
  const std::uint64_t root = make.ext4(root_uuid);
  const Prepared made = prepared(disk(), {.console = Console::quiet, .cmdline = "a=b"});
  const Witness seen(made, folder.path());
  EXPECT_EQ(seen.ext4(root, "/usr/local/sbin/lab-reader"), "#!reader");
  EXPECT_EQ(seen.ext4(boot, "/grub/grub.cfg"),
            "linux /vmlinuz-1 root=UUID=1 ro splash " + quiet + " a=b\n");
  EXPECT_FALSE(made.needs_uefi);
}

// Debian's package systemd-boot puts entries on the EFI system partition and uses no GRUB.
TEST_F(GuestfsLayout, SystemdBootOnTheEfiPartition) {
  DiskOfFolders make(folder.path(), 2);
  make.write("loader/loader.conf", "timeout 5\neditor no\n");
  make.write("loader/entries/a.conf", "title A\nlinux /a/linux\noptions root=UUID=1 quiet\n");
  const std::uint64_t efi = make.vfat("12345678");
  make.make_folder("boot/efi");
  make.write_system(efi_line);
  const std::uint64_t root = make.ext4(root_uuid);
  const Prepared made = prepared(disk(), {.console = Console::quiet, .cmdline = "a=\"$b;\""});
  const Witness seen(made, folder.path());
  EXPECT_EQ(seen.ext4(root, "/usr/local/sbin/lab-reader"), "#!reader");
  EXPECT_EQ(seen.vfat(efi, "/loader/entries/a.conf"),
            "title A\nlinux /a/linux\noptions root=UUID=1 " + quiet + " a=\"$b;\"\n");
  EXPECT_EQ(seen.vfat(efi, "/loader/loader.conf"), "editor no\n");
  EXPECT_TRUE(made.needs_uefi);
  EXPECT_TRUE(prepared(disk(), {.console = Console::quiet, .cmdline = "a=\"$b;\""}).needs_uefi)
      << "also where it was found";
  const Prepared own = prepared(disk(), {.console = Console::quiet, .own_kernel = true});
  EXPECT_THAT(own.cmdline, testing::EndsWith(quiet));
  EXPECT_THAT(own.cmdline, testing::StartsWith("root=PARTUUID="));
}

// Each of these errors was once lost, or said of a part that was there.
TEST_F(GuestfsLayout, SaysWhyAPartBesideTheRootIsOutOfReach) {
  const std::string as_boot = "UUID=" + boot_uuid + " /boot ext4 defaults 0 2\n",
                    as_efi = "UUID=" + boot_uuid + " /boot/efi vfat umask=0077 0 1\n";
  const auto error_of = [&](const std::string& fstab, bool with_boot) {
    DiskOfFolders make(folder.path(), 2);
    make.write_system(fstab);
    make.make_folder("boot/efi");
    make.ext4(root_uuid);
    make.make_folder("loader");
    if (with_boot) make.spoil(make.ext4(boot_uuid));
    try {
      prepared(disk(), {.console = Console::quiet});
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string boot =
      "the image's /boot (UUID=" + boot_uuid + " in its /etc/fstab) cannot be mounted: ";
  EXPECT_THAT(error_of(as_boot, false), HasSubstr(boot + "no file system of the image is that"));
  EXPECT_THAT(error_of(as_boot, true), HasSubstr(boot + "mount"));
  EXPECT_THAT(error_of(as_efi, true),
              AllOf(HasSubstr("no entries of systemd-boot"),
                    HasSubstr("; its /boot/efi (UUID=" + boot_uuid +
                              " in its /etc/fstab) cannot be mounted: mount")));
}

// Fedora has its root in a btrfs subvolume, beside others.
TEST_F(GuestfsLayout, ARootInASubvolumeOfBtrfs) {
  std::string partition;
  {
    Maker make(disk(), folders.cache, kit);
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
