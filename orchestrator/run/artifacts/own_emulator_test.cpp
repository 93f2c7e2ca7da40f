// SPDX-License-Identifier: MIT
#include "orchestrator/run/artifacts/own_emulator.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::run {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class OwnEmulatorFile : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    base::write_file(folder_.path() / name, text);
    return folder_.path() / name;
  }

  template <typename Act>
  static std::string refusal(Act act) {
    try {
      act();
      return "";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user);
      return error.what();
    }
  }

  const base::TemporaryFolder folder_{fs::temp_directory_path(), "lab-test"};
};

TEST_F(OwnEmulatorFile, LibrariesAreThoseThatLddNames) {
  EXPECT_THAT(libraries_in("\tlinux-vdso.so.1 (0x1)\n\tlibz.so.1 => /lib/libz.so.1 (0x2)\n"
                           "\t/lib64/ld-linux-x86-64.so.2 (0x3)\n"),
              ElementsAre("/lib/libz.so.1", "/lib64/ld-linux-x86-64.so.2"));
  EXPECT_THAT(refusal([] { libraries_in("\tlibx.so => not found\n"); }),
              HasSubstr("its library libx.so is not found"));
  EXPECT_THAT(refusal([] { libraries_in("\tstatically linked\n"); }), HasSubstr("no loader"));
}

TEST_F(OwnEmulatorFile, ModulesAreWhatTheLoaderSaysThatItLoaded) {
  EXPECT_THAT(modules_in("  90:\tfile=libz.so.1 [0];  needed by /usr/bin/qemu [0]\n"
                         "  90:\tfile=libz.so.1 [0];  generating link map\n"
                         "  90:\tfile=/usr/bin/../lib/qemu/accel-tcg-x86_64.so [0];  dynamically "
                         "loaded by /lib/libgmodule-2.0.so.0 [0]\n"
                         "  90:\tfile=/dynamically loaded by\n"),
              ElementsAre("/usr/lib/qemu/accel-tcg-x86_64.so"));
}

TEST_F(OwnEmulatorFile, OtherFilesAreRefused) {
  const auto of = [](const fs::path& file) { return refusal([&] { check_emulator(file); }); };
  EXPECT_EQ(of("/bin/true"), "");
  EXPECT_EQ(of("/no/such"), "guest.emulator '/no/such': there is no such file");
  EXPECT_THAT(of(write("script", "#!/bin/sh\n")), HasSubstr("it is no program for x86-64"));
  const fs::path plain = folder_.path() / "plain";
  fs::copy_file("/bin/true", plain);
  fs::permissions(plain, fs::perms(0644));
  EXPECT_THAT(of(plain), HasSubstr("it is not executable"));
  const base::Folders folders{.cache = folder_.path()};
  EXPECT_THAT(refusal([&] { keep_emulator("/bin/false", folders); }),
              HasSubstr("it does not run here"));
  EXPECT_THAT(refusal([&] { keep_emulator("/bin/true", folders); }), HasSubstr("it is no QEMU"));
}

// The copy runs by itself, with its own loader and libraries.
TEST_F(OwnEmulatorFile, IsKeptWithAllThatItNeeds) {
  const base::Folders folders{.cache = folder_.path()};
  const OwnEmulator kept = keep_emulator("/usr/bin/qemu-system-x86_64", folders);
  const std::string said = base::run_checked({.argv = {kept.program.string(), "--version"}});
  EXPECT_THAT(said, HasSubstr(kept.version));
  EXPECT_THAT(base::run_checked({.argv = {kept.program.string(), "-L", "help"}}),
              testing::StartsWith(kept.program.parent_path().string() + "/data\n"));
  EXPECT_TRUE(fs::exists(kept.program.parent_path() / "data/bios-256k.bin"));
  EXPECT_EQ(kept.digest, "sha256:" + base::sha256_file("/usr/bin/qemu-system-x86_64"));
  // Debian's QEMU has its emulation in a module.
  const std::string asked =
      "printf '{\"execute\":\"qmp_capabilities\"}\\n{\"execute\":\"quit\"}\\n' | exec \"$0\" "
      "-machine none,accel=tcg -nodefaults -display none -qmp stdio";
  EXPECT_THAT(base::run_checked({.argv = {"sh", "-c", asked, kept.program.string()}}),
              HasSubstr("SHUTDOWN"));
}

TEST_F(OwnEmulatorFile, FirmwareIsABiosOrAVolume) {
  std::string bios(128 << 10, '\0');
  EXPECT_THAT(refusal([&] { check_firmware(write("zeros", bios)); }),
              HasSubstr("no PC's firmware"));
  bios[bios.size() - 16] = '\xea';
  EXPECT_FALSE(check_firmware(write("bios", bios)));
  EXPECT_THAT(refusal([&] { check_firmware(write("odd", bios + "x")); }),
              HasSubstr("it has 131073 bytes; firmware has a multiple of 64 KiB"));
  bios.replace(40, 4, "_FVH");
  EXPECT_TRUE(check_firmware(write("volume", bios)));
  EXPECT_THAT(refusal([&] { check_firmware("/no/such"); }), HasSubstr("there is no such file"));
}

TEST_F(OwnEmulatorFile, FirmwareOfAPackageIsNamedWithThePackage) {
  EXPECT_EQ(missing_firmware_package("/usr/share/OVMF/no-such.fd"), "ovmf");
  EXPECT_EQ(missing_firmware_package("/usr/share/seabios/no-such.bin"), "seabios");
  EXPECT_EQ(missing_firmware_package("/usr/share/seabios/bios-256k.bin"), "");
  EXPECT_EQ(missing_firmware_package(folder_.path() / "no-such.fd"), "");
  try {
    check_firmware("/usr/share/OVMF/no-such.fd");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::infrastructure);
    EXPECT_STREQ(error.what(),
                 "guest.firmware '/usr/share/OVMF/no-such.fd' is not on this machine");
    EXPECT_EQ(error.hint(), "apt-get install ovmf");
  }
}

}  // namespace
}  // namespace lab::run
