// SPDX-License-Identifier: MIT
#include "orchestrator/image/prepare/boot_config.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/image/prepare/fstab.hpp"

namespace lab::image {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Grub, GetsTheConsoleThatTheScenarioWants) {
  const std::string config =
      "set timeout=5\nmenuentry 'Debian' {\n\tlinux\t/boot/vmlinuz root=UUID=1 ro console=tty0 "
      "console=ttyS0,115200 quiet\n\tinitrd /boot/initrd.img\n}\n";
  EXPECT_EQ(grub_config_with(config, Console::verbose, "clocksource=tsc a=$b"),
            "set timeout=0\nmenuentry 'Debian' {\n\tlinux /boot/vmlinuz root=UUID=1 ro "
            "console=ttyS0 loglevel=7 systemd.show_status=1 panic=-1 clocksource=tsc "
            "'a=$b'\n\tinitrd /boot/initrd.img\n}\n");
  EXPECT_THAT(grub_config_with(config, Console::none, ""), Not(HasSubstr("ttyS0")));
  EXPECT_THROW(grub_config_with(config, Console::none, "dyndbg=\"+p\""), base::Error);
  EXPECT_TRUE(has_kernel_lines(config));
  EXPECT_FALSE(takes_entries(config));
}

TEST(OwnKernel, GetsTheParametersOfTheImagesOwn) {
  EXPECT_EQ(first_kernel_parameters("set a=b\n\tlinux\t/boot/vmlinuz root=UUID=1 ro quiet "
                                    "console=ttyS0 rootflags=subvol=@ $vt_handoff\nlinux /b c\n"),
            "root=UUID=1 ro rootflags=subvol=@");
  EXPECT_EQ(first_kernel_parameters("insmod linux\n"), "");
  EXPECT_EQ(entry_parameters("linux /vmlinuz\noptions $kernelopts rhgb $tuned\n",
                             "kernelopts=root=UUID=1 ro quiet\n"),
            "root=UUID=1 ro rhgb");
  EXPECT_EQ(with_root("root=UUID=1 ro a=root=2", "PARTUUID=3"), "root=PARTUUID=3 ro a=root=2");
  EXPECT_EQ(with_root("root=/dev/mapper/a ro", ""), "root=/dev/mapper/a ro");
}

constexpr const char* fedora_entry =
    "title Fedora Linux\nlinux /vmlinuz-6\noptions root=UUID=1 ro console=tty0 loglevel=8 rhgb "
    "quiet $tuned_params\ninitrd /initramfs-6.img\n";

TEST(BootEntry, GetsConsoleAndParametersOfTheScenario) {
  EXPECT_EQ(boot_entry_with(fedora_entry, "", Console::verbose, "clocksource=tsc a=(b)"),
            "title Fedora Linux\nlinux /vmlinuz-6\noptions root=UUID=1 ro rhgb $tuned_params "
            "console=ttyS0 loglevel=7 systemd.show_status=1 panic=-1 clocksource=tsc 'a=(b)'\n"
            "initrd /initramfs-6.img\n");
}

// RHEL 8 keeps the parameters of all entries in GRUB's environment.
TEST(BootEntry, GetsOptionsOutOfGrubsEnvironment) {
  const std::string environment =
      "# GRUB Environment Block\nsaved_entry=x\nkernelopts=root=UUID=1 ro console=ttyS0,115200 "
      "quiet \nboot_success=0\n####";
  EXPECT_EQ(boot_entry_with("options $kernelopts $tuned_params\n", environment, Console::none, ""),
            "options root=UUID=1 ro $tuned_params " + console_parameters(Console::none) + "\n");
}

std::string refused_entry(const std::string& text, const std::string& environment,
                          const std::string& cmdline) {
  try {
    return boot_entry_with(text, environment, Console::quiet, cmdline);
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(BootEntry, IsRefusedWhereParametersWouldNotArrive) {
  EXPECT_THAT(refused_entry(fedora_entry, "", "a=$b"),
              HasSubstr("guest.cmdline: GRUB cannot hand on 'a=$b'"));
  EXPECT_THAT(refused_entry(fedora_entry, "", "a=\"b\""), HasSubstr("GRUB cannot hand on"));
  EXPECT_THAT(refused_entry("title A\nlinux /vmlinuz\n", "", "a"), HasSubstr("has no options"));
  EXPECT_THAT(refused_entry("options $kernelopts\n", "saved_entry=x\n", "a"),
              HasSubstr("$kernelopts, which GRUB's grubenv does not have"));
}

TEST(BootEntry, IsTakenWhereGrubIsToldTo) {
  EXPECT_TRUE(takes_entries("insmod part_gpt\nblscfg\n"));
  EXPECT_TRUE(takes_entries("if x; then\n  insmod blscfg\n  blscfg\nfi\n"));
  EXPECT_FALSE(takes_entries("# blscfg\n"));
  EXPECT_FALSE(has_kernel_lines("insmod linux\nblscfg\n"));
}

// systemd-boot passes quotes and dollar signs on unchanged.
TEST(BootEntry, OfSystemdBootIsNotQuoted) {
  EXPECT_EQ(systemd_boot_entry_with("title A\noptions root=/dev/vda quiet\n", Console::none,
                                    "dyndbg=\"file a +p\" b=$c"),
            "title A\noptions root=/dev/vda " + console_parameters(Console::none) +
                " dyndbg=\"file a +p\" b=$c\n");
  EXPECT_EQ(loader_config_with("default a\n  timeout 3\n#timeout 4\nconsole-mode keep\n"),
            "default a\n#timeout 4\nconsole-mode keep\n");
}

TEST(Fstab, NamesWhatLiesBesideTheRoot) {
  const std::string text =
      "# <file system> <mount point>\n\nUUID=1 / ext4 defaults 0 1\n"
      "UUID=2 /usr/local btrfs noatime,subvol=local 0 0\nLABEL=boot\t/boot\txfs\tdefaults 0 0\n"
      "UUID=3 /boot/efi vfat umask=0077 0 2\nUUID=4 none swap sw 0 0\n"
      "tmpfs /var tmpfs size=1G 0 0\nUUID=5 /home ext4\n#UUID=6 /usr ext4\nPARTUUID=7 /usr ext4\n";
  const auto mounts = read_fstab(text);
  ASSERT_EQ(efi_partition_in(text).size(), 1u);
  EXPECT_EQ(efi_partition_in(text)[0].device, "UUID=3");
  std::string found;
  for (const Mount& mount : mounts)
    found += mount.device + " " + mount.folder + " " + mount.options + ";";
  EXPECT_EQ(found, "PARTUUID=7 /usr ;LABEL=boot /boot ;UUID=2 /usr/local subvol=local;");
}

}  // namespace
}  // namespace lab::image
