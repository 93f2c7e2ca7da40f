// SPDX-License-Identifier: MIT
// Builds modules of a user's own kernel with the real build-modules. The tree is as small as
// possible; spatch, which would find nothing to do there, only writes what the hooks must leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/patch_folder_test.hpp"
#include "orchestrator/kvm/kits/script.hpp"

namespace {

std::vector<std::string> asked;  // of the disk, in order

}  // namespace

// In the place of the C library's, for all that is linked into this test.
extern "C" int syncfs(int fd) noexcept {
  asked.emplace_back("sync all");
  return static_cast<int>(::syscall(SYS_syncfs, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  asked.push_back("rename to " + std::filesystem::path(to).filename().string());
  return static_cast<int>(::syscall(SYS_rename, from, to));
}

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

// Takes the lines "// expect: HOOK RULE FILE TIMES TEXT" that apply to 6.6 and writes TEXT as
// often, as comments; then KVM's own counts of exits, one more than those.
constexpr const char* spatch = R"(#!/bin/bash
for last; do case $last in *.cocci) hooks=$last ;; esac; done
sed -n 's,^// expect: ,,p' "$hooks" | while read -r hook rule file times text; do
    case $rule in all | '>='5* | '>='6.[0-6]) ;; *) continue ;; esac
    for ((i = 0; i < times; i++)); do echo "// $text" >>"$file"; done
done
x86=arch/x86/kvm/x86.c
counts=$(grep -cF -e 'exit_stats_reentered(vcpu);' -e '->stray++;' "$x86")
for ((i = 0; i <= counts; i++)); do echo '// ++vcpu->stat.exits;' >>"$x86"; done
)";

// Compiles as kbuild would: x86.c, and a module for each vendor that .config selects.
constexpr const char* makefile = R"make(
VERSION = 6
PATCHLEVEL = 6
SUBLEVEL = 6
include .config
warnings := -Wall $(if $(filter y,$(CONFIG_WERROR) $(CONFIG_KVM_WERROR)),-Werror)
modules:
	@test "$(CONFIG_OBJTOOL_WERROR)" != y || { echo "kvm.o: error: objtool: a warning" >&2; exit 1; }
	cd $(M) && gcc $(warnings) -c x86.c -o kvm.ko
	cd $(M) && test "$(CONFIG_KVM_AMD)" != m || gcc -c svm.c -o kvm-amd.ko
	cd $(M) && test "$(CONFIG_KVM_INTEL)" != m || gcc -c vmx.c -o kvm-intel.ko
)make";

class OwnTree : public testing::Test {
 protected:
  OwnTree() {
    write("bin/spatch", spatch);
    fs::permissions(path("bin/spatch"), fs::perms::owner_all);
    before_ = ::getenv("PATH");
    ::setenv("PATH", (path("bin").string() + ":" + before_).c_str(), 1);
    write("source/Makefile", makefile);
    write("source/arch/x86/kvm/x86.c", "int x;\n");
    write("source/arch/x86/kvm/svm.c", "int f; void *svm_exit_handlers[3] = {&f, 0, &f};\n");
    write("source/arch/x86/kvm/vmx.c", "int f; void *kvm_vmx_exit_handlers[2] = {&f, &f};\n");
    for (const char* file : {"svm/svm.c", "vmx/vmx.c"})
      write(std::string("source/arch/x86/kvm/") + file, "");
    write("source/virt/kvm/kvm_main.c", "int y;\n");
    write("headers/Makefile", makefile);
    write("headers/Module.symvers", "0x1\tkvm\n");
    write("headers/include/generated/utsrelease.h", "#define UTS_RELEASE \"6.6.6-own\"\n");
    version("6");
    config("m", "m", "CONFIG_WERROR=y\nCONFIG_KVM_WERROR=y\n");
  }
  ~OwnTree() override { ::setenv("PATH", before_.c_str(), 1); }

  fs::path path(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name)) << text;
  }
  void config(const std::string& amd, const std::string& intel, const std::string& more) const {
    write("headers/.config",
          "CONFIG_KVM=m\nCONFIG_KVM_AMD=" + amd + "\nCONFIG_KVM_INTEL=" + intel + "\n" + more);
  }
  void version(const std::string& sublevel) const {
    write("headers/include/generated/uapi/linux/version.h",
          "#define LINUX_VERSION_CODE 394758\n#define LINUX_VERSION_MAJOR 6\n"
          "#define LINUX_VERSION_PATCHLEVEL 6\n#define LINUX_VERSION_SUBLEVEL " +
              sublevel + "\n");
  }

  ModuleSet build() const {
    return build_modules(KernelTree{path("source"), path("headers")}, patch_folder, folder_.path(),
                         nullptr);
  }
  std::string refused() const {
    try {
      build();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user) << error.what();
      return error.what();
    }
    return "";
  }
  // Why the tree is at fault.
  std::string not_built() const {
    try {
      build();
    } catch (const TreeError& error) {
      return error.what();
    }
    return "";
  }

 private:
  base::TemporaryFolder folder_{fs::temp_directory_path(), "own-tree"};
  std::string before_;
};

TEST_F(OwnTree, MakesAModuleOfEachVendor) {
  const ModuleSet modules = build();
  for (const char* file : {"kvm.ko", "kvm-amd.ko", "kvm-intel.ko"})
    EXPECT_TRUE(fs::exists(modules.path / file)) << file;
}

// As a power cut leaves what was renamed before it was on the disk.
TEST_F(OwnTree, AnEmptyModuleIsNotTrustedButMadeAnew) {
  const ModuleSet modules = build();
  EXPECT_TRUE(modules.built);
  EXPECT_FALSE(build().built);
  std::ofstream(modules.path / "kvm.ko");
  const ModuleSet again = build();
  EXPECT_TRUE(again.built);
  EXPECT_EQ(again.path, modules.path);
  EXPECT_GT(fs::file_size(again.path / "kvm.ko"), 0u);
}

// As a file system that was damaged leaves it.
TEST_F(OwnTree, AModuleThatIsCutOffIsMadeAnew) {
  const ModuleSet modules = build();
  const auto whole = fs::file_size(modules.path / "kvm.ko");
  fs::resize_file(modules.path / "kvm.ko", whole / 2);
  EXPECT_TRUE(build().built);
  EXPECT_EQ(fs::file_size(modules.path / "kvm.ko"), whole);
  EXPECT_FALSE(build().built);
  // A folder of an older lab has no sizes, and is taken as it is.
  fs::remove(modules.path / base::sizes_name);
  fs::resize_file(modules.path / "kvm.ko", whole / 2);
  EXPECT_FALSE(build().built);
}

TEST_F(OwnTree, ModulesAreOnTheDiskBeforeTheyHaveTheirName) {
  asked.clear();
  const fs::path modules = build().path;
  const auto renamed = std::ranges::find(asked, "rename to " + modules.filename().string());
  ASSERT_NE(renamed, asked.end());
  ASSERT_NE(renamed, asked.begin());
  EXPECT_EQ(*(renamed - 1), "sync all");
}

TEST_F(OwnTree, AWarningOfItsOwnCodeIsNoErrorWhateverItsConfigurationSays) {
  write("source/arch/x86/kvm/x86.c", "int f(void) { int unused; return 0; }\n");
  config("m", "m", "CONFIG_WERROR=y\nCONFIG_KVM_WERROR=y\nCONFIG_OBJTOOL_WERROR=y\n");
  const ModuleSet modules = build();
  EXPECT_THAT(modules.warning, HasSubstr("the compiler warns of the tree's own code, 1 times"));
}

// As in a tree that is too old, or newer than the hooks.
TEST_F(OwnTree, AHookWithoutItsPlaceIsNamed) {
  std::string without = spatch;
  const std::string loop = "times text; do\n";
  without.insert(without.find(loop) + loop.size(), "    [ \"$hook\" != halt ] || continue\n");
  write("bin/spatch", without);
  EXPECT_THAT(not_built(),
              HasSubstr("hook 'halt' found its place in arch/x86/kvm/x86.c 0 times, not 1"));
  write("bin/spatch", std::string(spatch) + "echo '// ++vcpu->stat.exits;' >>\"$x86\"\n");
  EXPECT_THAT(not_built(), HasSubstr("hook 'stray': KVM counts exits in 3 places, of which 2"));
}

TEST_F(OwnTree, AVendorThatIsSwitchedOffHasNoModule) {
  config("m", "n", "");
  const ModuleSet amd = build();
  EXPECT_TRUE(fs::exists(amd.path / "kvm-amd.ko"));
  EXPECT_FALSE(fs::exists(amd.path / "kvm-intel.ko"));
  write("headers/.config", "CONFIG_KVM=m\n# CONFIG_KVM_AMD is not set\nCONFIG_KVM_INTEL=m\n");
  const ModuleSet intel = build();
  EXPECT_FALSE(fs::exists(intel.path / "kvm-amd.ko"));
  EXPECT_TRUE(fs::exists(intel.path / "kvm-intel.ko"));
  config("n", "n", "");
  EXPECT_THAT(refused(), HasSubstr("neither CONFIG_KVM_AMD nor CONFIG_KVM_INTEL is m"));
  config("m", "y", "");
  EXPECT_THAT(refused(), HasSubstr("CONFIG_KVM_INTEL is y"));
}

TEST_F(OwnTree, MakeEndsWithAScriptThatIsKilled) {
  write("headers/Makefile", "modules:\n\tsleep 291.5\n");
  kill_by_hand(
      {patch_folder / "build-modules", "--source", path("source"), path("headers"), path("out")},
      "sleep 291.[5]");
}

TEST_F(OwnTree, SourceAndHeadersOfTwoVersionsAreRefused) {
  version("7");
  EXPECT_THAT(refused(), HasSubstr("is Linux 6.6.6"));
  EXPECT_THAT(refused(), HasSubstr("is of Linux 6.6.7: name the source"));
}

TEST_F(OwnTree, SourceAndHeadersOfTwoCandidatesAreRefused) {
  const auto extra = [&](const std::string& folder, const std::string& word) {
    write(folder + "/Makefile", "EXTRAVERSION = " + word + makefile);
  };
  const auto release = [&](const std::string& name) {
    write("headers/include/generated/utsrelease.h", "#define UTS_RELEASE \"" + name + "\"\n");
  };
  extra("source", "-rc2");
  release("6.6.6-rc6-own");
  EXPECT_THAT(refused(), HasSubstr("is Linux 6.6.6-rc2"));
  EXPECT_THAT(refused(), HasSubstr("is of Linux 6.6.6-rc6: name the source"));
  release("6.6.6-own");
  EXPECT_THAT(refused(), HasSubstr("is of Linux 6.6.6: name the source"));
  for (const char* same :
       {"6.6.6-rc2-own", "6.6.6-rc2", "6.6-rc2-amd64", "6.6.6-0.rc2.24.fc43.x86_64"}) {
    release(same);
    EXPECT_EQ(refused(), "") << same;
  }
  release("6.6.6-4-generic");  // as Ubuntu calls a candidate
  extra("headers", "-rc2");
  EXPECT_EQ(refused(), "");
  extra("source", "");
  EXPECT_THAT(refused(), HasSubstr("is Linux 6.6.6, '"));
  release("6.6.6-marc2");
  extra("headers", "");
  EXPECT_EQ(refused(), "");
}

}  // namespace
}  // namespace lab::kvm
