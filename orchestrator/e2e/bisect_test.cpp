// SPDX-License-Identifier: MIT
// Tests lab bisect and lab try as a user runs them: over values of a setting, and over commits of a
// kernel tree, where only the test knows which one makes HLT exit twice. There it builds a real
// kernel, and real modules for each commit that lab asks for.
#include <signal.h>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/atomic_folder.hpp"
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/e2e/followed_page.hpp"
#include "orchestrator/e2e/lab_test.hpp"

namespace lab::e2e {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

// Counts the trials that ran, by the lines "old" or "new" with a count.
int count_boots(const Finished& run) {
  int count = 0;
  for (std::size_t at = 0; (at = run.errors.find(" exits\n", at)) != std::string::npos; ++at)
    ++count;
  return count;
}

// Returns a How::on_line that kills lab when so many points have their answers.
auto kill_after(int answers) {
  return [left = answers](pid_t lab, const std::string& line) mutable {
    const bool answer = line.starts_with("lab: old ") || line.starts_with("lab: new ");
    if (answer && --left == 0) ::kill(lab, SIGKILL);
  };
}

constexpr int culprit = 39;

// Returns $LAB_KERNEL_HISTORY, a folder in which kernel-history has run for this culprit, or a
// folder that it makes and keeps for the next test.
fs::path kernel_history() {
  if (const char* own = std::getenv("LAB_KERNEL_HISTORY")) return own;
  const fs::path folder =
      fs::temp_directory_path() / "lab-kernel-history" / std::to_string(culprit);
  base::make_folder_once(folder, [](const fs::path& work) {
    base::run_checked({.argv = {LAB_SOURCE_DIR "/orchestrator/e2e/kernel-history", work.string(),
                                std::to_string(culprit)}});
  });
  return folder;
}

// Makes images of Debian 12's disk (`disk`) in the folder: one for each day, of which the last
// ones, from `polls` on, have a service that polls.
void make_days(const fs::path& folder, const fs::path& disk, const std::vector<std::string>& days,
               const std::string& polls) {
  const std::string script =
      "cd \"$1\"\n"
      "qemu-img convert -O raw \"$2\" disk.raw\n"
      "start=$(sfdisk -d disk.raw | sed -n 's/^disk.raw1 : start= *\\([0-9]*\\),.*/\\1/p')\n"
      "printf '[Service]\\nExecStart=/bin/sh -c \"while :; do sleep 0.02; done\"\\n' "
      ">poll.service\n"
      "polls=$3\n"
      "shift 3\n"
      "for day; do\n"
      "  echo $day >stamp\n"
      "  { echo \"write stamp /etc/stamp-$day\"\n"
      "    if [ $day = $polls ]; then\n"
      "      echo 'write poll.service /etc/systemd/system/poll.service'\n"
      "      echo 'symlink /etc/systemd/system/multi-user.target.wants/poll.service "
      "/etc/systemd/system/poll.service'\n"
      "    fi\n"
      "  } | debugfs -w \"disk.raw?offset=$((start * 512))\"\n"
      "  qemu-img convert -O qcow2 disk.raw $day.qcow2\n"
      "done >debugfs.log 2>&1\n"
      "rm disk.raw\n";
  std::vector<std::string> argv{"bash", "-euc", script, "make", folder, disk, polls};
  argv.insert(argv.end(), days.begin(), days.end());
  const base::Outcome made = base::run({.argv = argv});
  ASSERT_EQ(made.exit_code, 0) << made.errors << contents(folder / "debugfs.log");
}

class BisectValues : public LabTest {
 protected:
  // Returns files of this test's folder as the values of --over.
  std::string values(const std::vector<std::string>& files) const {
    std::string text;
    for (const std::string& file : files) text += (text.empty() ? "" : ",") + path(file);
    return text;
  }
  void expect_first_bad(const Finished& run, const std::string& file,
                        const std::string& parent) const {
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_THAT(run.output,
                HasSubstr("\nThe first bad one is\n  " + path(file) + "\nverified: its parent " +
                          path(parent) + " is old\nverified: " + path(file) + " is new\n"));
  }

 private:
  std::string path(const std::string& file) const { return (folder() / file).string(); }
};

// Builds no kernel: from one value of its command line on, the guest itself does more. Killed after
// both ends, the bisection continues from there.
TEST_F(BisectValues, FindsTheFirstOneOfAListAlsoAfterAKill) {
  const std::string scenario = write_tiny(
      "  - run: {name: work, command: \"modprobe cpuid; for word in $(cat /proc/cmdline); do case "
      "$word in load=[345]) dd if=/dev/cpu/0/cpuid of=/dev/null bs=1600 count=100 ;; esac; "
      "done\"}\n");
  const Finished killed =
      lab({"bisect", scenario, "--over", "guest.cmdline=load=1,load=2,load=3,load=4,load=5", "--of",
           "work: CPUID", "--on", "svm"},
          {.on_line = kill_after(2)});
  EXPECT_EQ(killed.signal, SIGKILL) << killed.errors;
  const Finished run = lab({"bisect", "--resume"});
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_LE(count_boots(run), 2) << "the ends do not run again\n" << run.errors;
  EXPECT_THAT(run.output, HasSubstr("CPUID of work, over 4 steps\n  old "));
  EXPECT_THAT(run.output, HasSubstr("\nThe first bad one is\n  load=3\n"
                                    "verified: its parent load=2 is old\n"
                                    "verified: load=3 is new\n"));
  EXPECT_THAT(run.output, ContainsRegex("  CPUID +[0-9,]+ +1[0-9],[0-9]{3} +\\+[0-9.,]+ % \\*"));
}

TEST_F(BisectValues, NightlyFindsTheImageWhoseServicePolls) {
  make_days(folder(), image_folder("debian-12") / "disk.qcow2", {"1", "2", "3", "4", "5"}, "4");
  const fs::path scenario =
      write("month.yaml",
            "version: 1\nname: month\nimage: ./1.qcow2\nguest: {memory: 768 MiB}\n"
            "steps:\n  - boot:\n  - sleep: {name: idle, duration: 5 s}\n");
  const Finished run =
      lab({"bisect", scenario, "--over",
           "image=" + values({"1.qcow2", "2.qcow2", "3.qcow2", "4.qcow2", "5.qcow2"}), "--of",
           "idle: HLT", "--on", "svm"},
          {.limit = std::chrono::hours(1)});
  EXPECT_THAT(run.output, HasSubstr("HLT of idle, over 4 steps\n"));
  expect_first_bad(run, "4.qcow2", "3.qcow2");
}

// Compiles kernels for the guest, of which the last two ask CPUID while they boot. They need no
// modules, as tiny's own are for another kernel.
TEST_F(BisectValues, NightlyFindsTheGuestKernel) {
  write("ask",
        "static int __init lab_ask(void)\n{\n\tint i;\n\n\tfor (i = 0; i < 1000; i++)\n"
        "\t\tcpuid_eax(0);\n\treturn 0;\n}\nlate_initcall(lab_ask);\n");
  const base::Outcome made = base::run(
      {.argv = {"bash", "-euc",
                "cd \"$1\"\n"
                "mkdir source\n"
                "git -C \"$3/tree\" archive before | tar -x -C source\n"
                "sed '/_KVM/d; s/=m$/=y/' \"$2\" >all.config\n"
                "make -C source O=\"$1/out\" KCONFIG_ALLCONFIG=\"$1/all.config\" allnoconfig\n"
                "for day in 1 2 3 4; do\n"
                "  echo \"/* $day */\" >>source/init/do_mounts.c\n"
                "  [ $day != 3 ] || cat ask >>source/init/do_mounts.c\n"
                "  make -C out -s -j\"$(nproc)\" bzImage\n"
                "  cp out/arch/x86/boot/bzImage $day\n"
                "done\n",
                "make", folder(), LAB_SOURCE_DIR "/kvm-patch/outer.config", kernel_history()},
       .limit = std::chrono::hours(1)});
  ASSERT_EQ(made.exit_code, 0) << made.errors;
  const Finished run =
      lab({"bisect", write_tiny(), "--over", "guest.kernel=" + values({"1", "2", "3", "4"}), "--of",
           "boot: CPUID", "--on", "svm"},
          {.limit = std::chrono::hours(1)});
  EXPECT_THAT(run.output, HasSubstr("CPUID of boot, over 3 steps\n"));
  expect_first_bad(run, "3", "2");
  const Finished tried =
      lab({"try", "--guest-kernel", folder() / "2", folder() / "3", write_tiny(), "--on", "svm"});
  EXPECT_EQ(tried.exit_code, 1) << tried.errors;
  EXPECT_THAT(tried.output, ContainsRegex("\n  CPUID +[0-9,]+ +[0-9,]+ +\\+[0-9.]+ % \\*\n"));
}

using Try = LabTest;

// Replaces lab's file between the two sides, as an update or a build does.
TEST_F(Try, GoesOnWhereItsProgramIsReplaced) {
  const fs::path program = folder() / "bin" / "lab", share = LAB_SOURCE_DIR;
  fs::create_directory(folder() / "bin");
  fs::copy_file(binary(), program);
  const Finished run = lab({"try", "--image", "tiny", "tiny-generic", write_tiny(), "--on", "svm"},
                           {.program = program,
                            .environment = {{"LAB_SHARE", share},
                                            {"LAB_READER", fs::path(binary()).parent_path() /
                                                               "../images/reader/lab-reader"}},
                            .on_line = [&](pid_t, const std::string& line) {
                              if (!line.starts_with("lab: 1 trial in ")) return;
                              fs::remove(program);
                              write("bin/lab", "another lab");
                            }});
  EXPECT_EQ(contents(program), "another lab");
  EXPECT_LE(run.exit_code, 1) << run.errors;
  EXPECT_THAT(run.output, ContainsRegex("\nboot +[0-9,]+ +[0-9,]+ "));
}

constexpr const char* its_subject = "KVM: x86: change how HLT is emulated";

class Bisect : public LabTest {
 protected:
  // Clones without files, which is cheap, so that no test changes the next one's tree.
  Bisect() {
    base::run_checked({.argv = {"git", "clone", "-q", "--shared", "--no-checkout",
                                (kernel_history() / "tree").string(), tree()}});
    git({"update-ref", "--no-deref", "HEAD", "before^{commit}"});
  }
  // Removes lab's folder for the tree; kernels stay, as they are kept by content for all trees.
  ~Bisect() override {
    const std::string digest = base::sha256(tree() + "\n").substr(0, 12);
    fs::remove_all(base::find_folders().cache / "trees" / ("tree-" + digest));
  }

  static std::string commit(int number) { return "after~" + std::to_string(64 - number); }

  std::string tree() const { return (folder() / "tree").string(); }
  std::string git(std::vector<std::string> words) const {
    words.insert(words.begin(), {"git", "-C", tree()});
    std::string text = base::run_checked({.argv = words});
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  std::string state_of_tree() const {
    return git({"for-each-ref"}) + git({"count-objects", "-v"}) + git({"rev-parse", "HEAD"}) +
           contents(fs::path(tree()) / ".git/index");
  }

  // Bisects all 64 commits, or these.
  Finished bisect(const std::vector<std::string>& more, const std::string& subject = "timers: HLT",
                  const std::string& good = "before", const std::string& bad = "after") const {
    std::vector<std::string> words{"bisect", "quick", "--source", tree(), "--good",
                                   good,     "--bad", bad,        "--of", subject};
    words.insert(words.end(), more.begin(), more.end());
    return lab(words, {.limit = std::chrono::hours(1)});
  }
  static void expect_found(const Finished& run) {
    EXPECT_EQ(run.exit_code, 0) << run.errors;
    EXPECT_THAT(run.output, HasSubstr("The first bad one is\n"));
    EXPECT_THAT(run.output, HasSubstr(its_subject));
    EXPECT_THAT(run.output, ContainsRegex("taken back on top of [0-9a-f]+: as before"));
  }

  void expect_try_says_it(const std::string& site) const {
    git({"update-ref", "--no-deref", "HEAD", commit(culprit - 1)});
    const fs::path mbox =
        write("change.mbox", git({"format-patch", "-1", "--stdout", commit(culprit)}) + "\n");
    const Finished run =
        lab({"try", mbox, "--source", tree(), "--on", site}, {.limit = std::chrono::hours(1)});
    EXPECT_EQ(run.exit_code, 1) << run.errors;
    EXPECT_THAT(run.output, HasSubstr("before  " + git({"rev-parse", "--short=12", "HEAD"})));
    EXPECT_THAT(run.output, ContainsRegex("\ntimers [^\n]+\\*\n"));
    EXPECT_THAT(run.output, ContainsRegex("\n  HLT +[0-9,]+ +[0-9,]+ +\\+[0-9.]+ % \\*\n"
                                          "    HLT of timers \\+[0-9,]+: "));
    EXPECT_THAT(run.output, ContainsRegex("\nMore: (total|HLT) of [^\n]+\n"));
  }
};

TEST_F(Bisect, NightlyFindsTheCommitOnSvm) {
  const std::string before = state_of_tree();
  const Finished run = bisect({"--on", "svm"});
  expect_found(run);
  EXPECT_LE(count_boots(run), 8) << "two ends, and six of 64 commits\n" << run.errors;
  EXPECT_EQ(state_of_tree(), before);
}

TEST_F(Bisect, NightlyFindsTheCommitTwoAtOnce) {
  expect_found(bisect({"--on", "svm", "-j", "2"}));
}

TEST_F(Bisect, NightlyFindsTheCommitOnVmx) {
  expect_found(bisect({"--on", "vmx"}, "timers: HLT", commit(culprit - 8), commit(culprit + 8)));
}

TEST_F(Bisect, NightlyFindsTheCommitByACause) {
  expect_found(
      bisect({"--on", "svm"}, "net: native_safe_halt", commit(culprit - 2), commit(culprit + 2)));
}

TEST_F(Bisect, NightlyGoesOnAfterItWasKilled) {
  const Finished killed = lab({"bisect", "quick", "--source", tree(), "--good", "before", "--bad",
                               "after", "--of", "timers: HLT", "--on", "svm"},
                              {.limit = std::chrono::hours(1), .on_line = kill_after(4)});
  EXPECT_EQ(killed.signal, SIGKILL) << killed.errors;
  const Finished resumed = lab({"bisect", "--resume"}, {.limit = std::chrono::hours(1)});
  expect_found(resumed);
  EXPECT_LE(count_boots(resumed), 4) << "what was answered does not run again\n" << resumed.errors;
}

// Makes the fix without files: the last commit, with the change reverted on top of it.
TEST_F(Bisect, NightlyFindsAFix) {
  const std::string change = commit(culprit);
  base::run_checked(
      {.argv = {"sh", "-ec",
                "export GIT_INDEX_FILE=" + tree() + "/.git/index.fix; cd " + tree() +
                    "; git read-tree after; git diff-tree -p " + change + "~1 " + change +
                    " | git apply -R --cached; git tag fixed $(git -c user.name=lab -c "
                    "user.email=lab@example.org commit-tree -p after -m 'take it back' "
                    "$(git write-tree))"}});
  const Finished run = bisect({"--on", "svm", "--find-fix"}, "timers: HLT", "fixed", "after~3");
  EXPECT_EQ(run.exit_code, 0) << run.errors;
  EXPECT_THAT(run.output, HasSubstr("The first fixed one is\n"));
  EXPECT_THAT(run.output, HasSubstr(" take it back\n"));
}

TEST_F(Bisect, NightlyEndsThatAreOneCommitAreRefused) {
  const Finished run = bisect({"--on", "svm"}, "timers: HLT", "before", "before~0");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("are one commit"));
}

TEST_F(Bisect, NightlyEndsInTheWrongOrderAreRefused) {
  const Finished run = bisect({"--on", "svm"}, "timers: HLT", "after", "before");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.errors, HasSubstr("is no ancestor of"));
}

TEST_F(Bisect, NightlyTrySaysWhatThePatchDoesOnSvm) {
  expect_try_says_it("svm");
}

TEST_F(Bisect, NightlyTrySaysWhatThePatchDoesOnVmx) {
  expect_try_says_it("vmx");
}

// Follows "From a patch to a mail" as its reader does, with ~/linux at this history's change.
TEST_F(Bisect, NightlyThePageAboutPatchesIsTrue) {
  git({"update-ref", "--no-deref", "HEAD", commit(culprit)});
  fs::create_directory_symlink(tree(), folder() / "linux");
  fs::create_directory(folder() / "qemu");
  fs::create_directory_symlink("/usr/local/lib/lab/emulators/qemu", folder() / "qemu/build");
  make_days(folder(), image_folder("debian-12") / "disk.qcow2", {"monday", "tuesday"}, "tuesday");
  fs::create_directory(folder() / "bin");
  fs::create_symlink(binary(), folder() / "bin" / "lab");
  const FollowedPage page(contents(LAB_SOURCE_DIR "/orchestrator/help/patch.md"));
  ASSERT_EQ(page.size(), 16u) << "the page is not as this test reads it";
  page.follow(folder(), folder(),
              {{"HOME", folder().string()},
               {"XDG_STATE_HOME", folder().string()},
               {"PATH", (folder() / "bin").string() + ":" + std::getenv("PATH")}},
              std::chrono::minutes(170));
}

}  // namespace
}  // namespace lab::e2e
