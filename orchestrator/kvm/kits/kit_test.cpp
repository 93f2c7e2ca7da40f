// SPDX-License-Identifier: MIT
#include "orchestrator/kvm/kits/kit.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/sizes.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/kvm/kits/build.hpp"
#include "orchestrator/kvm/kits/patch_folder_test.hpp"
#include "orchestrator/kvm/modules/refusal.hpp"
#include "orchestrator/kvm/users.hpp"

namespace lab::kvm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class KitTest : public testing::Test {
 protected:
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name)) << text;
  }

  void write_kit(const std::string& release, const std::string& version,
                 const std::string& suite) const {
    write("kernels/" + release + "/info.json", R"({"release":")" + release + R"(","version":")" +
                                                   version + R"(","suite":")" + suite +
                                                   R"(","compiler":"gcc-12"})");
  }

  // Writes a script in place of kvm-patch's.
  void write_script(const std::string& name, const std::string& body) const {
    write("patch/" + name, "#!/bin/sh\n" + body);
    fs::permissions(path("patch/" + name), fs::perms::owner_all);
  }

  std::string release_of(const std::optional<std::string>& selector) const {
    return find_or_fetch_kit(folder_.path(), path("patch"), selector, nullptr).release;
  }

  base::TemporaryFolder folder_{fs::temp_directory_path(), "kit-test"};
};

struct Failure {
  std::string text;
  base::ErrorKind kind;
};

template <typename Action>
Failure failure_of(Action action) {
  try {
    action();
  } catch (const base::Error& error) {
    return {std::string(error.what()) + " | " + error.hint(), error.kind()};
  }
  return {"no error", base::ErrorKind::infrastructure};
}

// `suites` of suite.sh prints this machine's suite first; the test compares the list after it.
TEST(Suites, OfTheScriptsAreKnownInTheirOrder) {
  const std::string line = "printf '%s\\n' \"$own\" ";
  const std::string script = base::read_file(LAB_SOURCE_DIR "/kvm-patch/suite.sh");
  const std::size_t at = script.find(line);
  ASSERT_NE(at, std::string::npos);
  std::istringstream words(script.substr(at + line.size()));
  const auto* from = std::begin(suites_by_age);
  std::string last;
  for (std::string suite; words >> suite && suite != "|"; last = suite) {
    from = std::find(from, std::end(suites_by_age), suite);
    EXPECT_NE(from, std::end(suites_by_age)) << suite << " is not newer than " << last;
  }
  EXPECT_EQ(last, "sid");
  EXPECT_NE(std::ranges::find(suites_by_age, outer_suite), std::end(suites_by_age));
}

TEST_F(KitTest, IsOnTheDiskBeforeItHasItsName) {
  for (const std::string program : {"sync", "mv"})
    write_script(program, "echo " + program + " >>\"$ASKED\"; exec /bin/" + program + " \"$@\"\n");
  base::run_checked({.argv = {"bash", "-ec",
                              "PATH=$1:$PATH; . " LAB_SOURCE_DIR "/kvm-patch/suite.sh; "
                              "fill() { echo made >\"$1/info.json\"; }; make_kit_once \"$2\" fill",
                              "bash", path("patch"), path("kernels/made")},
                     .environment = {{"ASKED", path("asked")}}});
  EXPECT_EQ(base::read_file(path("kernels/made/info.json")), "made\n");
  EXPECT_EQ(base::read_file(path("asked")), "sync\nmv\n");
}

// apt keeps several lists, and syncs none of them; lab believes them for a day.
TEST_F(KitTest, AptsListsAreOnTheDiskBeforeTheyCountAsFresh) {
  for (const std::string program : {"sync", "mv"})
    write_script(program,
                 "echo " + program + " \"$@\" >>\"$ASKED\"; exec /bin/" + program + " \"$@\"\n");
  const std::string suite = path("cache/apt/x");
  const auto use = [&] {
    base::run_checked(
        {.argv = {"bash", "-ec",
                  "PATH=$1:$PATH; . " LAB_SOURCE_DIR "/kvm-patch/suite.sh; "
                  "sources_of() { echo deb; }; apt-get() { echo update >>\"$ASKED\"; }; "
                  "list_kernels() { echo kernel; }; use_suite x \"$2\"",
                  "bash", path("patch"), path("cache")},
         .environment = {{"ASKED", path("asked")}}});
    const std::string asked = fs::exists(path("asked")) ? base::read_file(path("asked")) : "";
    fs::remove(path("asked"));
    return asked;
  };
  const std::string all = "sync " + suite + "/apt.conf.new\nmv " + suite + "/apt.conf.new " +
                          suite + "/apt.conf\nupdate\nsync -f " + suite + "\nmv " + suite +
                          "/kernels.new " + suite + "/kernels\n";
  EXPECT_EQ(use(), all);
  EXPECT_EQ(use(), "") << "they are fresh";
  fs::resize_file(suite + "/kernels", 0);  // as a power cut may leave them without a sync
  EXPECT_EQ(use(), all);
  EXPECT_EQ(base::read_file(suite + "/kernels"), "kernel\n");
}

TEST_F(KitTest, IsMadeWithItsFilesSizesAsOtherFolders) {
  base::run_checked(
      {.argv = {"bash", "-ec",
                ". " LAB_SOURCE_DIR "/kvm-patch/suite.sh; "
                "fill() { mkdir \"$1/boot\"; echo kernel >\"$1/boot/a kernel\"; >\"$1/none\"; "
                "echo made >\"$1/info.json\"; ln -s boot \"$1/lib\"; }; make_kit_once \"$1\" fill",
                "bash", path("kernels/made")}});
  const std::string sizes = base::read_file(path("kernels/made") / base::sizes_name);
  EXPECT_THAT(sizes, HasSubstr("7 boot/a kernel\n"));
  base::record_sizes(path("kernels/made"));
  EXPECT_EQ(sizes, base::read_file(path("kernels/made") / base::sizes_name));
}

// The script fetches what is asked for; of several kits another one is no replacement.
TEST_F(KitTest, ThatIsDamagedIsFetchedAnew) {
  write_kit("6.1.0-9-amd64", "6.1.27-1", outer_suite);
  write_kit("6.1.0-56-amd64", "6.1.192-2", outer_suite);
  write("kernels/6.1.0-56-amd64/boot/vmlinuz", "kernel");
  base::record_sizes(path("kernels/6.1.0-56-amd64"));
  write_script("fetch-kit",
               "echo $1 >>$2/fetched; mkdir -p $2/kernels/$1\n"
               "echo '{\"release\":\"'$1'\",\"version\":\"6.1.192-2\",\"suite\":\"bookworm\"}' "
               ">$2/kernels/$1/info.json; echo $2/kernels/$1\n");
  EXPECT_EQ(release_of(std::nullopt), "6.1.0-56-amd64");
  EXPECT_FALSE(fs::exists(path("fetched")));
  fs::resize_file(path("kernels/6.1.0-56-amd64/boot/vmlinuz"), 3);
  EXPECT_EQ(release_of(std::nullopt), "6.1.0-56-amd64");
  EXPECT_EQ(base::read_file(path("fetched")), "6.1.0-56-amd64\n");
}

TEST_F(KitTest, ARootToBuildInIsOnTheDiskBeforeItHasItsName) {
  if (::geteuid() != 0) GTEST_SKIP() << "making a root takes root";
  for (const std::string program : {"sync", "mv"})
    write_script(program, "echo " + program + " >>\"$ASKED\"; exec /bin/" + program + " \"$@\"\n");
  write_script("mmdebstrap", "eval root=\\${$(($# - 1))}; mkdir -p \"$root\"\n");
  fs::create_directories(path("kit"));
  fs::create_directories(path("cache/apt/stable"));
  base::write_file(path("kit/info.json"),
                   R"({"suite": "stable", "compiler": "gcc-1", "tools": "make"})");
  for (const char* list : {"kernels", "sources.list"})  // they are fresh
    base::write_file(path("cache/apt/stable") / list, "x\n");
  base::run_checked(
      {.argv = {"sh", "-ec", "PATH=$1:$PATH; exec " LAB_SOURCE_DIR "/kvm-patch/build-root $2 $3",
                "sh", path("patch"), path("kit"), path("cache")},
       .environment = {{"ASKED", path("asked")}}});
  EXPECT_EQ(base::read_file(path("asked")), "sync\nmv\n");
}

TEST_F(KitTest, SelectorsInTheCache) {
  write_kit("6.1.0-56-amd64", "6.1.192-2", outer_suite);
  write_kit("6.1.0-9-amd64", "6.1.27-1", outer_suite);
  write_kit("6.1.0-57-cloud-amd64", "6.1.193-1", outer_suite);
  write_kit("6.12.117+own-amd64", "6.12.117-1~own", machine_suite());
  write_kit("6.12.118+other-amd64", "6.12.118-1", "sid");
  write_kit("6.120.1+other-amd64", "6.120.1-1", "sid");
  write_kit("5.10.0-46-amd64", "5.10.262-1", "bullseye");
  const std::vector<std::pair<std::optional<std::string>, std::string>> meant{
      {std::nullopt, "6.1.0-56-amd64"},    // its own kernel, no backport, no cloud kernel
      {"6.1", "6.1.0-56-amd64"},           // 56 is more than 9
      {"6.12", "6.12.117+own-amd64"},      // this machine's suite before newer ones of others
      {"6.120", "6.120.1+other-amd64"},    // 6.12 is no prefix of it
      {"5.10", "5.10.0-46-amd64"},         // another suite's where there is no other
      {"6.1.0-9-amd64", "6.1.0-9-amd64"},  // a release
      {"6.1.0-57-cloud-amd64", "6.1.0-57-cloud-amd64"}};
  for (const auto& [selector, release] : meant) EXPECT_EQ(release_of(selector), release);
}

TEST_F(KitTest, TheOuterSuitesKernelIsTakenUnaskedWhateverTheMachineRuns) {
  write_kit("7.2.13+other-amd64", "7.2.13-1", "nosuch");
  write_script("fetch-kit", "echo fetch-kit: error: asked for $1 >&2; exit 3");
  EXPECT_THAT(failure_of([&] { release_of(std::nullopt); }).text, HasSubstr("asked for bookworm"));
  write_kit("6.1.0-56-amd64", "6.1.192-2", "bookworm");
  EXPECT_EQ(release_of(std::nullopt), "6.1.0-56-amd64");
}

TEST_F(KitTest, SuitesAndNewestAreAskedFor) {
  write_kit("6.1.0-56-amd64", "6.1.192-2", machine_suite());
  write_script("fetch-kit", "echo fetch-kit: error: asked for $1 >&2; exit 3");
  for (const std::string selector : {"trixie", "newest", "6.13"})
    EXPECT_THAT(failure_of([&] { release_of(selector); }).text, HasSubstr("asked for " + selector));
}

TEST_F(KitTest, WhatSelectsNothingIsTheCallersMistake) {
  write_script("fetch-kit",
               "echo 'hint: look' >&2; echo 'fetch-kit: error: no kernel' >&2; exit 2");
  const std::vector<std::string> wrong{"", "../etc", "a b", "-o", std::string(65, 'a')};
  for (const std::string& selector : wrong)
    EXPECT_EQ(failure_of([&] { release_of(selector); }).kind, base::ErrorKind::user) << selector;
  const Failure failure = failure_of([&] { release_of("9.99"); });
  EXPECT_EQ(failure.kind, base::ErrorKind::user);
  EXPECT_EQ(failure.text, "no kernel | look");
}

TEST_F(KitTest, AvailableKernelsInOrder) {
  write_script("fetch-kit",
               "echo 7.2.13+deb14-amd64 7.2.13-1 sid gcc-16 default\n"
               "echo 5.10.0-45-amd64 5.10.259-1 bullseye gcc-10 -\n"
               "echo 5.10.0-46-cloud-amd64 5.10.262-1 bullseye gcc-10 -\n"
               "echo 5.10.0-46-amd64 5.10.262-1 bullseye gcc-10 default\n");
  const auto kernels = list_available(folder_.path(), path("patch"), nullptr);
  ASSERT_EQ(kernels.size(), 4u);
  EXPECT_EQ(kernels[0].release, "5.10.0-46-amd64");
  EXPECT_TRUE(kernels[0].is_default);
  EXPECT_EQ(kernels[1].release, "5.10.0-45-amd64");
  EXPECT_EQ(kernels[2].release, "5.10.0-46-cloud-amd64");
  EXPECT_EQ(kernels[3].compiler, "gcc-16");
}

// Has a kernel tree in which only the names are right.
class TreeTest : public KitTest {
 protected:
  void SetUp() override {
    for (const char* file : {"arch/x86/kvm/x86.c", "virt/kvm/kvm_main.c"})
      write(std::string("source/") + file, "int x;\n");
    write("headers/Makefile", "all:\n");
    write("headers/Module.symvers", "0x1\tkvm\n");
    write("headers/include/generated/utsrelease.h", "#define UTS_RELEASE \"6.6.6-own\"\n");
    write("headers/.config", "CONFIG_KVM=m\nCONFIG_KVM_AMD=m\nCONFIG_KVM_INTEL=m\n");
  }

  Failure build() const {
    return failure_of([&] {
      build_modules(KernelTree{path("source"), path("headers")}, patch_folder, folder_.path(),
                    nullptr);
    });
  }

  std::string key() const {
    return last_line(run_script({patch_folder / "build-modules", "--key", path("source").string(),
                                 path("headers").string()},
                                nullptr));
  }
};

TEST_F(TreeTest, WhatIsMissingIsNamed) {
  const std::vector<std::pair<std::string, std::string>> missing{
      {"source/virt/kvm/kvm_main.c", "is no kernel source: it has no virt/kvm/kvm_main.c"},
      {"headers/Module.symvers", "it has no Module.symvers"},
      {"headers/.config", "it has no .config"}};
  for (const auto& [file, text] : missing) {
    SetUp();
    fs::remove(path(file));
    const Failure failure = build();
    EXPECT_EQ(failure.kind, base::ErrorKind::user);
    EXPECT_THAT(failure.text, HasSubstr(text));
  }
}

TEST_F(TreeTest, BuiltInKvmAndMovedHeadersAreRefused) {
  write("headers/.config", "CONFIG_KVM=y\n");
  EXPECT_THAT(build().text, HasSubstr("CONFIG_KVM is not m"));
  SetUp();
  write("headers/Makefile", "KBUILD_OUTPUT=/usr/src/elsewhere\n");
  EXPECT_THAT(build().text, HasSubstr("belongs at '/usr/src/elsewhere'"));
  fs::remove_all(path("source"));
  EXPECT_THAT(build().text, HasSubstr("there is no folder"));
}

TEST_F(TreeTest, KeyFollowsWhatDecidesTheModules) {
  const std::string first = key();
  EXPECT_THAT(first, testing::MatchesRegex("6\\.6\\.6-own-[0-9a-f]{12}"));
  EXPECT_EQ(first, key());
  write("source/README", "no part of it");
  write("source/arch/x86/kvm/x86.o", "no part of it");
  EXPECT_EQ(first, key());
  write("source/virt/kvm/kvm_main.c", "int y;\n");
  const std::string second = key();
  EXPECT_NE(first, second);
  write("headers/Module.symvers", "0x2\tkvm\n");
  EXPECT_NE(second, key());
}

TEST_F(KitTest, WhyModulesAreRefused) {
  EXPECT_FALSE(unsigned_modules_refused(folder_.path()));
  write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
  write("sys/module/module/parameters/sig_enforce", "N\n");
  write("proc/sys/kernel/modules_disabled", "0\n");
  EXPECT_FALSE(unsigned_modules_refused(folder_.path()));
  write("sys/module/module/parameters/sig_enforce", "Y\n");
  EXPECT_THAT(unsigned_modules_refused(folder_.path())->cause, HasSubstr("sig_enforce"));
  write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
  EXPECT_THAT(unsigned_modules_refused(folder_.path())->hint, HasSubstr("lockdown=integrity"));
  write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
        std::string("\6\0\0\0\1", 5));
  EXPECT_THAT(unsigned_modules_refused(folder_.path())->cause, HasSubstr("Secure Boot is on"));
  write("proc/sys/kernel/modules_disabled", "1\n");
  EXPECT_THAT(unsigned_modules_refused(folder_.path())->cause, HasSubstr("modules_disabled"));
}

TEST_F(KitTest, SignedModules) {
  write("signed.ko", "ELF~Module signature appended~\n");
  write("unsigned.ko", "ELF");
  EXPECT_TRUE(is_signed(path("signed.ko")));
  EXPECT_FALSE(is_signed(path("unsigned.ko")));
  EXPECT_FALSE(is_signed(path("none.ko")));
}

TEST_F(KitTest, UsersOfPerf) {
  write("12/comm", "perf\n");
  fs::create_directories(path("12/fd"));
  fs::create_symlink("anon_inode:[perf_event]", path("12/fd/3"));
  EXPECT_EQ(in_words(perf_users(folder_.path())), "12 (perf)");
  EXPECT_EQ(in_words(kvm_users(folder_.path())), "");
}

}  // namespace
}  // namespace lab::kvm
