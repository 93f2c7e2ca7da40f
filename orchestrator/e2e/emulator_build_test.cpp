// SPDX-License-Identifier: MIT
// Tests ci/emulators/build when something goes wrong, with an emulator of ten lines. It builds into
// the test's own folder, in a mount namespace.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/file_lock.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace {
using testing::HasSubstr;
namespace fs = std::filesystem;
namespace base = lab::base;

constexpr const char* recipe = R"(title=Toy program=toy built=toy
without="the machine's own is used" needs=("sh dash") needs_libraries=()
fetch() {
	version=1.0 package=1.0-1
	mkdir "$work/source"
	echo 'int main(void) { return 1; }' >"$work/source/toy.c"
}
compile() {
	echo compiled >>"$here/compiled"
	gcc -o "$work/toy" "$work/source/toy.c"
}
starts() { "$1"; }
)";
// The toy starts only with this change.
constexpr const char* change =
    "// instead: toy.c ==> int main(void) { return 1; } ==> int main(void) { return 0; }\n"
    "// expect: toy.c 1 return 0;\n";

class EmulatorBuild : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    fs::create_directories(changes);
    fs::create_directories(local);
    fs::create_directories(programs);
    fs::create_directories(folder / "kvm-patch");
    fs::copy(LAB_SOURCE_DIR "/kvm-patch/suite.sh", folder / "kvm-patch/suite.sh");
    for (const char* script : {"build", "apply-changes"})
      fs::copy(std::string(LAB_SOURCE_DIR "/ci/emulators/") + script,
               folder / "ci/emulators" / script);
    base::write_file(changes / "recipe", recipe);
    base::write_file(changes / "1-returns-zero.cocci", change);
    apt_get("exit 0");
  }

  void apt_get(const std::string& commands) const {
    base::write_file(programs / "apt-get",
                     "#!/bin/sh\ncase \"$*\" in *indextargets*)\n"
                     "echo http://debian.invalid stable main; exit;; esac\n" +
                         commands + "\n");
    fs::permissions(programs / "apt-get", fs::perms(0755));
  }

  // Overrides the recipe's function of the same name.
  void recipe_has(const std::string& function) const {
    base::write_file(changes / "recipe", std::string(recipe) + function + "\n");
  }

  base::Command command(const std::string& mounts = "", const std::string& option = "") const {
    return {.argv = {"unshare", "--mount", "sh", "-ec",
                     "mount --bind \"$1\" /usr/local/lib; " + mounts +
                         " PATH=\"$2:$PATH\"; exec \"$3\" " + option + " toy",
                     "sh", local, programs, folder / "ci/emulators/build"},
            .limit = std::chrono::seconds(60)};
  }
  // Returns as soon as the build goes on in the background.
  base::Outcome build_later() const { return base::run(command("", "--later")); }
  bool being_built() const {
    const fs::path lock = emulators / ".toy.lock";
    return fs::exists(lock) && !base::try_lock_shared(base::open_lock(lock), lock);
  }
  void wait_until_built() const {
    for (int i = 0; i < 600 && being_built(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_FALSE(being_built());
  }
  base::Outcome build(const std::string& mounts = "") const { return base::run(command(mounts)); }

  // Waits until the folder of a build that has succeeded is deleted.
  void wait_for_deletion() const {
    const auto is_made = [](const auto& entry) {
      return entry.path().filename().string().starts_with(".making-");
    };
    for (int i = 0; i < 200; ++i) {
      if (std::ranges::none_of(fs::directory_iterator(emulators), is_made)) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  // Returns the files in the folder of emulators, except the lock.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    if (!fs::exists(emulators)) return names;
    for (const auto& entry : fs::directory_iterator(emulators))
      if (entry.path().filename() != ".toy.lock") names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  std::size_t times_compiled() const {
    if (!fs::exists(folder / "ci/emulators/compiled")) return 0;
    return std::ranges::count(base::read_file(folder / "ci/emulators/compiled"), '\n');
  }
  void expect_failure(const base::Outcome& outcome, const std::string& reason) const {
    EXPECT_EQ(outcome.exit_code, 3) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr("error: Toy"));
    EXPECT_THAT(outcome.errors, HasSubstr(reason));
    EXPECT_THAT(outcome.errors, HasSubstr("the machine's own is used"));
    EXPECT_THAT(left(), testing::IsEmpty());
  }

  base::TemporaryFolder temporary{"/tmp", "emulator-build"};
  const fs::path folder = temporary.path();
  const fs::path changes = folder / "ci/emulators/toy", local = folder / "local",
                 programs = folder / "bin", emulators = local / "lab/emulators";
};

TEST_F(EmulatorBuild, IsThereOnceAndWhole) {
  const base::Outcome first = build();
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  wait_for_deletion();
  EXPECT_THAT(left(), testing::ElementsAre("toy", testing::StartsWith("toy-1.0-")));
  EXPECT_THAT(base::read_file(emulators / "toy/info.json"),
              HasSubstr(R"("changes": "returns-zero")"));
  const base::Outcome second = build();
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(second.errors, "");
  EXPECT_EQ(times_compiled(), 1u);
}

// A power cut must not leave the name and empty files.
TEST_F(EmulatorBuild, IsOnTheDiskBeforeItHasItsName) {
  for (const std::string program : {"sync", "mv"}) {
    base::write_file(programs / program,
                     "#!/bin/sh\nfor last; do :; done\n"
                     "echo \"" +
                         program +
                         " ${last##*/}\" >>\"$ASKED\"\n"
                         "exec /bin/" +
                         program + " \"$@\"\n");
    fs::permissions(programs / program, fs::perms(0755));
  }
  base::Command watched = command();
  watched.environment["ASKED"] = folder / "asked";
  const base::Outcome outcome = base::run(watched);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.errors;
  EXPECT_THAT(base::read_file(folder / "asked"),
              testing::MatchesRegex(
                  "sync apt.conf.new\nmv apt.conf\nsync toy\nmv toy-1.0-[0-9a-f]+\nmv toy\n"));
}

TEST_F(EmulatorBuild, ThatWasChangedByHandIsMadeAnew) {
  ASSERT_EQ(build().exit_code, 0);
  const std::string good = base::read_file(emulators / "toy/toy");
  base::write_file(emulators / "toy/toy", good + "x");
  EXPECT_EQ(build().exit_code, 0);
  EXPECT_EQ(base::read_file(emulators / "toy/toy"), good);
  EXPECT_EQ(times_compiled(), 2u);
}

TEST_F(EmulatorBuild, WithoutACompilerNamesThePackage) {
  recipe_has(R"(needs=("no-such-compiler gcc-of-elsewhere"))");
  expect_failure(build(), "not built, for want of: apt-get install gcc-of-elsewhere");
}

TEST_F(EmulatorBuild, OfflineSaysThatTheListsCannotBeHad) {
  apt_get("echo 'Temporary failure resolving' >&2; exit 100");
  const base::Outcome outcome = build();
  expect_failure(outcome, "the lists of trixie cannot be had");
  EXPECT_THAT(outcome.errors, HasSubstr("Temporary failure resolving"));
}

TEST_F(EmulatorBuild, OfAnUnknownSourceNamesTheChange) {
  base::write_file(changes / "1-returns-zero.cocci", "// expect: toy.c 2 return 1;\n");
  const base::Outcome outcome = build();
  expect_failure(outcome, "its source is not one that ci/emulators knows");
  EXPECT_THAT(outcome.errors, HasSubstr("1-returns-zero: 'toy.c' has 'return 1;' 1 times, not 2"));
}

TEST_F(EmulatorBuild, ThatDoesNotCompileSaysWhy) {
  recipe_has("compile() { gcc -o \"$work/toy\" \"$work/source/other.c\"; }");
  const base::Outcome outcome = build();
  expect_failure(outcome, "it does not compile");
  EXPECT_THAT(outcome.errors, HasSubstr("other.c"));
}

TEST_F(EmulatorBuild, ThatDoesNotStartIsNotPut) {
  fs::remove(changes / "1-returns-zero.cocci");
  expect_failure(build(), "it does not start");
}

TEST_F(EmulatorBuild, OnAFullDiskLeavesNothing) {
  expect_failure(build("mkdir -p /usr/local/lib/lab/emulators;"
                       "mount -t tmpfs -o size=100m tmpfs /usr/local/lib/lab/emulators;"),
                 "1,500 MiB free");
  recipe_has("compile() { cp \"$work/source/toy.c\" /dev/full; }");
  const base::Outcome outcome = build();
  expect_failure(outcome, "it does not compile");
  EXPECT_THAT(outcome.errors, HasSubstr("No space left on device"));
}

TEST_F(EmulatorBuild, ThatFailsLeavesTheOneBefore) {
  ASSERT_EQ(build().exit_code, 0);
  wait_for_deletion();
  recipe_has("compile() { false; }");
  EXPECT_EQ(build().exit_code, 3);
  EXPECT_EQ(left().size(), 2u);
  EXPECT_TRUE(fs::exists(emulators / "toy/toy"));
}

TEST_F(EmulatorBuild, ThatWasKilledIsMadeByTheNext) {
  recipe_has("compile() { touch \"$here/begun\"; sleep 60; }");
  base::Command killed = command();
  killed.argv.insert(
      killed.argv.begin(),
      {"sh", "-c", "setsid \"$@\" & until [ -e \"$0\" ]; do sleep 0.05; done; kill -s KILL -- -$!",
       folder / "ci/emulators/begun"});
  base::run(killed);
  ASSERT_TRUE(fs::exists(folder / "ci/emulators/begun"));
  recipe_has("");
  const base::Outcome outcome = build();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  wait_for_deletion();
  EXPECT_THAT(left(), testing::ElementsAre("toy", testing::StartsWith("toy-1.0-")));
}

TEST_F(EmulatorBuild, TwoAtOnceCompileOnce) {
  recipe_has(
      "compile() { echo compiled >>\"$here/compiled\"; sleep 1; "
      "gcc -o \"$work/toy\" \"$work/source/toy.c\"; }");
  base::Outcome ends[2];
  {
    std::vector<std::jthread> both;
    for (base::Outcome& end : ends) both.emplace_back([&] { end = build(); });
  }
  for (const base::Outcome& end : ends) EXPECT_EQ(end.exit_code, 0) << end.errors;
  EXPECT_EQ(times_compiled(), 1u);
}

TEST_F(EmulatorBuild, InTheBackgroundHoldsTheLockUntilItIsThere) {
  recipe_has(
      "compile() { echo compiled >>\"$here/compiled\"; "
      "timeout 60 sh -c \"until [ -e '$here/go-on' ]; do sleep 0.1; done\"; "
      "gcc -o \"$work/toy\" \"$work/source/toy.c\"; }");
  for (int i = 0; i < 2; ++i) {  // the second finds it being built
    const base::Outcome outcome = build_later();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
    EXPECT_TRUE(being_built());
    EXPECT_FALSE(fs::exists(emulators / "toy"));
  }
  base::write_file(folder / "ci/emulators/go-on", "");
  wait_until_built();
  EXPECT_TRUE(fs::exists(emulators / "toy/toy"));
  EXPECT_EQ(times_compiled(), 1u);
  for (int i = 0; i < 100 && left().size() > 2; ++i)  // its log goes after the lock
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_THAT(left(), testing::ElementsAre("toy", testing::StartsWith("toy-1.0-")));
  EXPECT_EQ(build_later().errors, "");
}

TEST_F(EmulatorBuild, InTheBackgroundLeavesItsMessagesWhereItFails) {
  recipe_has("compile() { echo no such header >&2; false; }");
  const base::Outcome outcome = build_later();
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.errors, HasSubstr("/usr/local/lib/lab/emulators/toy.log"));
  wait_until_built();
  EXPECT_THAT(left(), testing::ElementsAre("toy.log"));
  EXPECT_THAT(base::read_file(emulators / "toy.log"), HasSubstr("no such header"));
}

class EmulatorWait : public lab::e2e::LabTest {};

// A folder of the test's own hides the real one: other tests' runs would wait for its lock, too.
TEST_F(EmulatorWait, FillsTheCachesMeanwhileAndSaysWhatItWaitsFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const fs::path lab_here = write("lab-here", R"(#!/bin/sh
export seen=)" + (folder() / "seen").string() + R"(
unshare --mount sh -ec '
  cd /usr/local/lib/lab && mount -t tmpfs -o mode=755 tmpfs emulators && cd emulators
  flock .qemu.lock timeout 60 sh -c "touch held; until [ -e $seen ]; do sleep 0.1; done" &
  until [ -e held ]; do sleep 0.1; done
  exec "$0" "$@"' )" + lab::e2e::binary() + " \"$@\"\n");
  fs::permissions(lab_here, fs::perms(0755));
  const auto run = lab({"run", "boot-count", "--set", "image=tiny", "--on", "svm", "--exact"},
                       {.program = lab_here,
                        .limit = std::chrono::seconds(120),
                        .on_line = [&](pid_t, const std::string& line) {
                          if (line.find("waiting for lab's QEMU") != std::string::npos)
                            write("seen", "");
                        }});
  EXPECT_EQ(run.exit_code, 3) << run.errors;
  EXPECT_THAT(run.errors, HasSubstr("waiting for lab's QEMU, which is being built"));
  EXPECT_THAT(run.errors,
              HasSubstr("lab's QEMU was not built: see /usr/local/lib/lab/emulators/qemu.log"));
  EXPECT_THAT(run.errors, HasSubstr("exact counts on site svm need lab's own QEMU"));
}

}  // namespace
