// SPDX-License-Identifier: MIT
// Tests kits of a user's own packages with the real deb-kit. dpkg-deb makes the packages here, as
// small as possible.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/kvm/kits/kit.hpp"
#include "orchestrator/kvm/kits/patch_folder_test.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* own_release = "6.6.6-own";

// The folder `debs` contains what `make bindeb-pkg` leaves, and a link to the tree.
class DebKit : public testing::Test {
 protected:
  using Files = std::map<std::string, std::string>;

  DebKit() {
    write("tree/Makefile", "VERSION = 6\n");
    write("tree/arch/x86/kvm/x86.c", "int x;\n");
    write("tree/virt/kvm/kvm_main.c", "int y;\n");
    add("linux-image-6.6.6-own", image(own_release));
    add("linux-headers-6.6.6-own", {{"usr/src/linux-headers-6.6.6-own/Makefile", "VERSION = 6\n"},
                                    {"usr/src/linux-headers-6.6.6-own/.config", "CONFIG_KVM=m\n"},
                                    {"usr/share/doc/linux-headers-6.6.6-own/copyright", "GPL-2\n"},
                                    {"etc/kernel/none", ""}});
    add("linux-image-6.6.6-own-dbg", {{"usr/lib/debug/vmlinux", "symbols"}});
    add("linux-image-6.6.6-own-dbgsym", {{"usr/lib/debug/vmlinux", "symbols"}});
    add("linux-libc-dev", {{"usr/include/linux/kvm.h", ""}});
    fs::create_symlink(path("tree"), path("debs/source"));
  }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    base::write_file(path(name), text);
  }
  static Files image(const std::string& name) {
    return {{"boot/vmlinuz-" + name, "kernel"},
            {"boot/config-" + name, "CONFIG_KVM=m\n"},
            {"lib/modules/" + name + "/modules.order", ""},
            {"lib/modules/" + name + "/modules.builtin", ""},
            {"lib/modules/" + name + "/kernel/empty", ""}};
  }
  // Makes a package in a file of its name, as dpkg-deb writes it.
  void add(const std::string& package, const Files& files, const std::string& version = "1") const {
    const std::string root = "packages/" + package;
    for (const auto& [name, text] : files) write(root + "/" + name, text);
    write(root + "/DEBIAN/control", "Package: " + package + "\nVersion: " + version +
                                        "\nArchitecture: amd64\n"
                                        "Maintainer: nobody <nobody@example>\nDescription: none\n");
    fs::create_directories(path("debs"));
    const auto result = base::run({.argv = {"dpkg-deb", "--root-owner-group", "-Znone", "--build",
                                            path(root), path("debs/" + package + ".deb")}});
    ASSERT_EQ(result.exit_code, 0) << result.output;
  }
  void remove(const std::string& name) const { fs::remove_all(path("debs/" + name)); }
  // Makes the package again with only these files.
  void replace(const std::string& package, const Files& files) const {
    fs::remove_all(path("packages/" + package));
    add(package, files);
  }
  static void expect_files(const KernelKit& kit, const std::vector<std::string>& names) {
    for (const std::string& name : names) EXPECT_TRUE(fs::exists(kit.path / name)) << name;
  }

  KernelKit kit() const {
    return find_or_fetch_kit(path("cache"), patch_folder, path("debs").string(), nullptr);
  }
  std::string refused() const {
    try {
      kit();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user) << error.what();
      std::error_code none;  // no incomplete kit stays
      EXPECT_EQ(fs::directory_iterator(path("cache/trees/kits"), none), fs::directory_iterator());
      return std::string(error.what()) + " | " + error.hint();
    }
    return "";
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "deb-kit"};
};

TEST_F(DebKit, HasTheLayoutOfOthers) {
  const KernelKit made = kit();
  EXPECT_EQ(made.release, own_release);
  EXPECT_EQ(made.suite, "");
  EXPECT_EQ(made.kvm_source.size(), 12u);
  expect_files(
      made, {"boot/vmlinuz-6.6.6-own", "boot/config-6.6.6-own", "lib/modules/6.6.6-own/modules.dep",
             "lib/modules/6.6.6-own/build/.config", "source/arch/x86/kvm/x86.c",
             "source/virt/kvm/kvm_main.c", "source/Makefile"});
  for (const char* name : {"usr/lib/debug", "usr/include", "usr/share", "etc"})
    EXPECT_FALSE(fs::exists(made.path / name)) << name;
}

// /usr is merged since trixie, and newer kernels lie among their modules.
TEST_F(DebKit, TakesNewerDebiansLayout) {
  replace("linux-image-6.6.6-own", {{"usr/lib/modules/6.6.6-own/vmlinuz", "kernel"},
                                    {"usr/lib/modules/6.6.6-own/config", "CONFIG_KVM=m\n"},
                                    {"usr/lib/modules/6.6.6-own/modules.order", ""},
                                    {"usr/lib/modules/6.6.6-own/modules.builtin", ""},
                                    {"usr/lib/modules/6.6.6-own/kernel/empty", ""}});
  expect_files(kit(), {"boot/vmlinuz-6.6.6-own", "boot/config-6.6.6-own",
                       "lib/modules/6.6.6-own/modules.dep"});
}

TEST_F(DebKit, AKernelWithoutItsConfigurationHasThatOfTheHeaders) {
  Files files = image(own_release);
  files.erase("boot/config-6.6.6-own");
  replace("linux-image-6.6.6-own", files);
  EXPECT_EQ(base::read_file(kit().path / "boot/config-6.6.6-own"), "CONFIG_KVM=m\n");
}

TEST_F(DebKit, FollowsPackagesAndSource) {
  const KernelKit first = kit();
  const fs::path info = first.path / "info.json";
  const auto long_ago = fs::last_write_time(info) - std::chrono::hours(24 * 40);
  fs::last_write_time(info, long_ago);
  EXPECT_EQ(kit().path, first.path);
  EXPECT_GT(fs::last_write_time(info), long_ago) << "lab clean removes what nobody uses";
  add("linux-image-6.6.6-own-dbg", {{"usr/lib/debug/vmlinux", "other symbols"}});
  EXPECT_EQ(kit().path, first.path);
  write("tree/arch/x86/kvm/x86.c", "int z;\n");
  const KernelKit other_source = kit();
  EXPECT_NE(other_source.kvm_source, first.kvm_source);
  EXPECT_EQ(other_source.version, first.version);
  write("tree/virt/kvm/Makefile.kvm", "KVM ?= ../../../virt/kvm\n");
  const KernelKit other_makefile = kit();
  EXPECT_NE(other_makefile.kvm_source, other_source.kvm_source);
  auto files = image(own_release);
  files["boot/vmlinuz-6.6.6-own"] = "another kernel";
  add("linux-image-6.6.6-own", files);
  EXPECT_NE(kit().version, first.version);
  EXPECT_EQ(kit().kvm_source, other_makefile.kvm_source);
}

// Debian, Ubuntu and others compress it this way.
TEST_F(DebKit, TakesASourcePackage) {
  remove("source");
  write("linux-source-6.6/arch/x86/kvm/x86.c", "int x;\n");
  write("linux-source-6.6/arch/x86/kvm/vmx/vmx.c", "int v;\n");
  write("linux-source-6.6/virt/kvm/kvm_main.c", "int y;\n");
  write("linux-source-6.6/Makefile", "VERSION = 6\n");
  write("linux-source-6.6/drivers/Makefile", "obj-y :=\n");
  std::set<std::string> sources_seen;
  for (const std::string ending : {"xz", "gz", "bz2", "zst"}) {
    replace("linux-source-6.6", {});
    const fs::path sources = path("packages/linux-source-6.6/usr/src");
    fs::create_directories(sources);
    const auto result =
        base::run({.argv = {"tar", "-C", folder_.path(), "-caf",
                            sources / ("linux-source-6.6.tar." + ending), "linux-source-6.6"}});
    ASSERT_EQ(result.exit_code, 0) << result.output;
    add("linux-source-6.6", {});
    const KernelKit made = kit();
    EXPECT_TRUE(sources_seen.insert(made.kvm_source).second) << ending;
    expect_files(made, {"source/arch/x86/kvm/vmx/vmx.c", "source/virt/kvm/kvm_main.c"});
    EXPECT_FALSE(fs::exists(made.path / "source/drivers")) << ending;
  }
}

// Debian's headers refer to their common part, since 6.13 also to themselves, by their paths on a
// machine.
TEST_F(DebKit, DebiansHeadersWorkWhereverTheKitLies) {
  add("linux-headers-6.6.6-own", {{"usr/src/linux-headers-6.6.6-own/Makefile",
                                   "KBUILD_OUTPUT=/usr/src/linux-headers-6.6.6-own\n"
                                   "include /usr/src/linux-headers-6.6.6-common/Makefile\n"}});
  EXPECT_THAT(refused(), HasSubstr("the headers of 6.6.6-own need "
                                   "'../../../usr/src/linux-headers-6.6.6-common', which no "
                                   "package in '"));
  add("linux-headers-6.6.6-common",
      {{"usr/src/linux-headers-6.6.6-common/Makefile", "modules:\n\t@echo $(KBUILD_OUTPUT)\n"}});
  const fs::path headers = kit().path / "usr/src/linux-headers-6.6.6-own";
  const auto result = base::run({.argv = {"make", "-s", "-C", headers, "modules"}});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(result.output, headers.string() + "\n");
}

TEST_F(DebKit, WhatPackagesLackIsNamed) {
  write("packages/linux-headers-6.6.6-own/usr/src/linux-headers-6.6.6-own/Makefile", "");
  fs::create_symlink(
      "../../lib/linux-kbuild-6.6/scripts",
      path("packages/linux-headers-6.6.6-own/usr/src/linux-headers-6.6.6-own/scripts"));
  add("linux-headers-6.6.6-own", {});
  EXPECT_THAT(refused(), HasSubstr("the headers of 6.6.6-own need '../../lib/linux-kbuild-6.6/"
                                   "scripts', which no package in '"));
  replace("linux-headers-6.6.6-own", {{"usr/src/linux-headers-6.6.6-own/Makefile", ""}});
  EXPECT_THAT(refused(), HasSubstr("the headers of 6.6.6-own have no .config"));
  Files files = image(own_release);
  files.erase("boot/vmlinuz-6.6.6-own");
  replace("linux-image-6.6.6-own", files);
  EXPECT_THAT(refused(), HasSubstr("has modules of 6.6.6-own, but not its kernel "
                                   "(boot/vmlinuz-6.6.6-own)"));
  replace("linux-image-6.6.6-own", {{"boot/vmlinuz-6.6.6-own", "kernel"}});
  EXPECT_THAT(refused(), HasSubstr("has no modules: is there a linux-modules package"));
}

TEST_F(DebKit, WhatIsMissingIsNamed) {
  remove("linux-headers-6.6.6-own.deb");
  EXPECT_THAT(refused(), HasSubstr("has no headers of 6.6.6-own | put the package "
                                   "linux-headers-6.6.6-own there"));
  remove("source");
  EXPECT_THAT(refused(), HasSubstr("has no source of KVM | put a linux-source package there"));
  fs::create_directory(path("debs/source"));
  EXPECT_THAT(refused(), HasSubstr("debs/source' is no kernel source with KVM for x86"));
  remove("linux-image-6.6.6-own.deb");
  EXPECT_THAT(refused(), HasSubstr("has no linux-image package"));
  base::write_file(path("debs/broken.deb"), "no package");
  EXPECT_THAT(refused(), HasSubstr("broken.deb' is no Debian package"));
}

TEST_F(DebKit, AFolderHasOneKernel) {
  add("linux-image-6.6.7-own", image("6.6.7-own"));
  EXPECT_THAT(refused(), HasSubstr("has 2 kernels, linux-image-6.6.6-own and "
                                   "linux-image-6.6.7-own: a folder has one"));
  remove("linux-image-6.6.7-own.deb");
  add("linux-modules-6.6.7-own", {{"lib/modules/6.6.7-own/kernel/empty", ""}});
  EXPECT_THAT(refused(), HasSubstr("has modules of 2 kernels"));
}

// Debian's releases keep their name over revisions, and a mirror has several of the source.
TEST_F(DebKit, TwoVersionsOfAKernelAreNamed) {
  add("linux-kbuild-6.6", {{"usr/lib/linux-kbuild-6.6/scripts/empty", ""}}, "1.1");
  add("linux-image-6.6.6-own-dbg", {}, "2");
  EXPECT_EQ(kit().release, own_release) << "tools may be newer, and symbols are left alone";
  fs::remove_all(path("cache"));
  add("linux-headers-6.6.6-own", {}, "2");
  EXPECT_THAT(refused(), HasSubstr("debs' has a kernel of two versions: "
                                   "linux-image-6.6.6-own.deb is 1, linux-headers-6.6.6-own.deb is "
                                   "2 | put linux-headers-6.6.6-own of version 1 there"));
  add("linux-headers-6.6.6-own", {});
  add("linux-modules-extra-6.6.6-own", {}, "2");
  EXPECT_THAT(refused(), HasSubstr(", linux-modules-extra-6.6.6-own.deb is 2"));
  remove("linux-modules-extra-6.6.6-own.deb");
  add("linux-source-6.6", {}, "2~rc1");
  EXPECT_EQ(kit().release, own_release) << "the link `source` comes first";
  fs::remove_all(path("cache"));
  remove("source");
  EXPECT_THAT(refused(),
              HasSubstr("linux-image-6.6.6-own.deb is 1, linux-source-6.6.deb is 2~rc1"));
}

TEST_F(DebKit, ATreeWithPackagesIsATree) {
  write("debs/Makefile", "VERSION = 6\n");
  EXPECT_THAT(refused(), HasSubstr("it has no arch/x86/kvm/x86.c"));
}

TEST_F(DebKit, OnePackageIsNoKernel) {
  try {
    find_or_fetch_kit(path("cache"), patch_folder, path("debs/linux-image-6.6.6-own.deb").string(),
                      nullptr);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::user);
    EXPECT_THAT(error.what(), HasSubstr("is one package of a kernel"));
  }
}

}  // namespace
}  // namespace lab::kvm
