// SPDX-License-Identifier: MIT
// Tests ci/lab, ci/test and ci/setup on machines of other kinds; it builds and boots nothing.
#include <gmock/gmock.h>

#include <algorithm>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace {
using testing::HasSubstr;
using testing::StartsWith;
namespace fs = std::filesystem;
namespace base = lab::base;

class SetUp : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) {
    base::write_file(folder_.path() / name, text);
    fs::permissions(folder_.path() / name, fs::perms(0755));
    return folder_.path() / name;
  }

  // Runs a command of ci/ where /etc/os-release is another distribution's.
  base::Outcome run_on(const std::string& os_release, const std::string& command) {
    return base::run({.argv = {"unshare", "--mount", "sh", "-ec",
                               "mount --bind \"$1\" /etc/os-release; exec \"$2\" --version", "sh",
                               write("os-release", os_release), ci + command},
                      .limit = std::chrono::seconds(20)});
  }

  const std::string ci = LAB_SOURCE_DIR "/ci/";
  base::TemporaryFolder folder_{"/tmp", "setup"};
};

TEST_F(SetUp, AnotherDistributionIsToldInOneLineWhatLabNeeds) {
  const std::pair<std::string, std::string> others[] = {
      {"ID=fedora\nVERSION_ID=41\nPRETTY_NAME=\"Fedora Linux 41\"\n", "'Fedora Linux 41'"},
      {"ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n", "Alpine Linux v3.20"},
      {"ID=ubuntu\nVERSION_ID=\"24.04\"\nPRETTY_NAME='Ubuntu 24.04'\n", "'Ubuntu 24.04'"},
      {"ID=debian\nVERSION_ID=\"11\"\nPRETTY_NAME=\"Debian GNU/Linux 11\"\n", "Debian 11"}};
  for (const auto& [os_release, name] : others)
    for (const std::string command : {"lab", "test", "setup"}) {
      const base::Outcome outcome = run_on(os_release, command);
      EXPECT_EQ(outcome.exit_code, 3) << command << name;
      EXPECT_THAT(outcome.errors, StartsWith("setup: error: lab is built on Debian 12 or later"));
      EXPECT_THAT(outcome.errors, HasSubstr(name));
      EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
    }
}

TEST_F(SetUp, DebianTwelveThirteenAndTestingAreTaken) {
  for (const std::string os_release :
       {"ID=debian\nVERSION_ID=\"12\"\n", "ID=debian\nVERSION_ID=\"13\"\n", "ID=debian\n"})
    EXPECT_EQ(run_on(os_release, "machine").exit_code, 0) << os_release;
}

// Alpine has no Bash: the script that refuses a machine must not need it.
TEST_F(SetUp, WhatRefusesAMachineNeedsNoBash) {
  for (const std::string command : {"lab", "test", "machine"})
    EXPECT_THAT(base::read_file(ci + command), StartsWith("#!/bin/sh\n")) << command;
}

TEST_F(SetUp, APackageThatIsProvidedUnderAnotherNameIsNotMissing) {
  write("dpkg-query",
        "#!/bin/sh\n"
        "echo 'installed libelf1t64, libelf1 (= 0.192-4)'\n"
        "echo 'installed bc, '\n"
        "echo 'config-files kmod, '\n");
  const std::string installed = base::run_checked(
      {.argv = {"bash", "-c",
                "PATH=$1:$PATH; . <(sed -n '/^installed() {/,/^}/p' \"$2\"); installed", "bash",
                folder_.path(), ci + "setup"}});
  EXPECT_EQ(installed, "libelf1t64\nlibelf1\nbc\n");
}

TEST_F(SetUp, InstallsOnlyWhatIsMissing) {
  write("dpkg-query", "#!/bin/sh\necho 'installed there, '\n");
  const fs::path log = folder_.path() / "log";
  write("apt-get", "#!/bin/sh\necho \"$*\" >>" + log.string() + "\n");
  for (const std::string names : {"there", "there not-there true"})
    base::run_checked({.argv = {"sh", "-c", "PATH=$1:$PATH; exec \"$2\" --packages " + names, "sh",
                                folder_.path(), ci + "setup"}});
  EXPECT_EQ(base::read_file(log), "update -q\ninstall -q -y --no-install-recommends not-there\n");
}

// libvirtd enters its machines' namespaces, and changes owners of devices there.
TEST_F(SetUp, WhatEntersANamespaceInACleanRootStaysThere) {
  const fs::path root = folder_.path() / "root";
  for (const std::string name : {"proc", "sys", "dev", "run", "usr/bin"})
    fs::create_directories(root / name);
  const base::Outcome outcome = base::run(
      {.argv =
           {"bash", "-ec",
            "cp \"$(command -v busybox)\" \"$2/usr/bin/env\"; ln -s env \"$2/usr/bin/nsenter\"\n"
            "ln -s env \"$2/usr/bin/ls\"; . \"$1\"; run_in_root \"$2\" '' nsenter -t 1 -m ls /",
            "bash", ci + "clean-root.sh", root},
       .limit = std::chrono::seconds(20)});
  EXPECT_EQ(outcome.output, "dev\nproc\nrun\nsys\nusr\n") << outcome.errors;
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST_F(SetUp, NpmWritesNothingIntoAHomeThatIsReadOnly) {
  write("npm", "#!/bin/sh\necho \"$npm_config_cache\" >>\"$FOLDER/caches\"\n");
  const std::string page = LAB_SOURCE_DIR "/orchestrator/report/page/build";
  base::run_checked({.argv = {"unshare", "--mount", "bash", "-ec",
                              "PATH=$FOLDER:$PATH; mkdir $FOLDER/home; export HOME=$FOLDER/home; "
                              "\"$1\" --modules $FOLDER/one; mount -t tmpfs -o ro none $HOME; "
                              "\"$1\" --modules $FOLDER/two",
                              "bash", page},
                     .environment = {{"FOLDER", folder_.path()}}});
  EXPECT_EQ(base::read_file(folder_.path() / "caches"),
            "\n" + (folder_.path() / "two/cache").string() + "\n");
}

// Runs a command that finds this test's programs first.
base::Outcome run_with_own(const fs::path& folder, const std::string& command) {
  return base::run(
      {.argv = {"bash", "-c", "PATH=$1:$PATH; " + command, "bash", folder.string(), LAB_SOURCE_DIR},
       .limit = std::chrono::seconds(20)});
}

// Packages for outer VMs and guests come from one suite, whatever the machine runs.
TEST_F(SetUp, AnImagesPackagesComeFromItsSuitesListsOnAnyMachine) {
  write("apt-cache", "#!/bin/sh\necho \"$@\"\n");
  const std::string ask =
      "cd \"$1\"; . \"$2/images/common/recipe.sh\"; work=$1; "
      "mkdir -p apt/bookworm; : >apt/bookworm/apt.conf; machine_suite() { echo ";
  const std::string file = folder_.path() / "apt/bookworm/apt.conf";
  EXPECT_EQ(run_with_own(folder_.path(), ask + "trixie; }; suite_apt apt-cache depends x").output,
            "-c " + file + " depends x\n");
  EXPECT_EQ(run_with_own(folder_.path(), ask + "bookworm; }; suite_apt apt-cache depends x").output,
            "depends x\n");
}

// A recipe that does so leaves nothing behind, however it ends.
TEST_F(SetUp, ARecipeWorksInMemoryWhereThereIsEnough) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  fs::create_directories(folder_.path() / "images/toy");
  write("images/toy/build", "#!/bin/bash\n. " LAB_SOURCE_DIR
                            "/images/common/recipe.sh\n"
                            "begin \"$1\"\nmountpoint \"$work\" >\"$out/work\" || :\n"
                            ": >\"$work/file\"\n$HOW\n");
  const fs::path out = folder_.path() / "out";
  const auto work_with = [&](const char* memory, const char* how) {
    base::run({.argv = {(folder_.path() / "images/toy/build").string(), out.string()},
               .environment = {{"LAB_MEMORY_MIB", memory}, {"HOW", how}},
               .limit = std::chrono::seconds(20)});
    return base::read_file(out / "work");
  };
  EXPECT_THAT(work_with("6143", "true"), HasSubstr("is not a mountpoint"));
  EXPECT_THAT(work_with("6144", "true"), HasSubstr("is a mountpoint"));
  EXPECT_THAT(work_with("6144", "fail reason"), HasSubstr("is a mountpoint"));
  EXPECT_EQ(std::distance(fs::directory_iterator(out), fs::directory_iterator()), 1);
  EXPECT_THAT(work_with("6144", "kill -s KILL $$"), HasSubstr("is a mountpoint"));
  for (const auto& entry : fs::directory_iterator(out))
    EXPECT_TRUE(entry.path() == out / "work" || fs::is_empty(entry.path())) << entry.path();
}

class CacheKey : public SetUp {
 protected:
  // Returns the key where these versions are available, on a machine with this processor.
  std::string key(const std::string& kernel, const std::string& libvirt, const std::string& cpu) {
    write("apt-get", "#!/bin/sh\n");
    write("apt-cache",
          "#!/bin/sh\nshift 2\nfor name; do case $name in linux-image-amd64) version=" + kernel +
              ";; libvirt-daemon) version=" + libvirt +
              ";; *) version=1;; esac\n"
              "printf 'Package: %s\\nVersion: %s\\n' $name $version; done\n");
    write("os-release", "VERSION_CODENAME=bookworm\n");
    write("cpuinfo", "processor\t: 0\nmodel name\t: " + cpu + "\n");
    const base::Outcome outcome = base::run(
        {.argv = {"unshare", "--mount", "bash", "-ec",
                  "mount --bind \"$1/cpuinfo\" /proc/cpuinfo; mount --bind \"$1/os-release\" "
                  "/etc/os-release; PATH=$1:$PATH; exec \"$2/cache-key\"",
                  "bash", folder_.path(), ci},
         .limit = std::chrono::seconds(20)});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    return outcome.output;
  }
};

TEST_F(CacheKey, NamesKernelImagesAndProcessor) {
  const std::string before = key("6.1.1-1", "9.0", "AMD EPYC 7B13  (two)");
  EXPECT_THAT(before,
              testing::MatchesRegex("linux-6.1.1-1-images-[0-9a-f]+-AMD-EPYC-7B13-two-?\n"));
  EXPECT_EQ(key("6.1.1-1", "9.0", "AMD EPYC 7B13  (two)"), before);
  EXPECT_NE(key("6.1.2-1", "9.0", "AMD EPYC 7B13  (two)"), before);
  EXPECT_NE(key("6.1.1-1", "9.1", "AMD EPYC 7B13  (two)"), before);
  EXPECT_NE(key("6.1.1-1", "9.0", "AMD EPYC 9B14"), before);
}

// ci/act turns a workflow's steps into a script, as a runner would run them.
TEST_F(CacheKey, IsThatOfEveryCacheOfTheWorkflows) {
  for (const std::string workflow : {"nightly", "test"}) {
    const std::string steps = base::run_checked(
        {.argv = {ci + "act", LAB_SOURCE_DIR "/.github/workflows/" + workflow + ".yml"}});
    EXPECT_THAT(steps, HasSubstr("echo \"of=$(ci/cache-key)\" >>\"$GITHUB_OUTPUT\""));
    EXPECT_THAT(steps,
                HasSubstr("echo '   key:' lab-cache-\"$(sed -n s/^of=//p \"$acts/made\")\""));
    EXPECT_THAT(steps, HasSubstr(workflow == "nightly" ? "ci/nightly " : ".ci/run\n"));
    EXPECT_EQ(base::run({.argv = {"bash", "-n", "-c", steps}}).exit_code, 0) << steps;
  }
  EXPECT_THAT(base::read_file(ci + "gitlab-ci.yml"), HasSubstr("- made=$(ci/cache-key)\n"));
}

}  // namespace
