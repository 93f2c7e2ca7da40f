// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/files/folders.hpp"
#include "orchestrator/base/files/run_folder.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/stop_check.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::base {
namespace {

using std::chrono::milliseconds;

TEST(ExitCodes, TheWorseIsByTheirOrderAndAnUnknownOneIsTheMachinerys) {
  const std::vector<int> order = {0, 1, 4, 5, 124, 2, 3, 130};
  for (std::size_t a = 0; a < order.size(); ++a)
    for (std::size_t b = 0; b < order.size(); ++b)
      EXPECT_EQ(worse(order[a], order[b]), order[std::max(a, b)]);
  EXPECT_EQ(worse(139, 0), 3);
  EXPECT_EQ(worse(-1, 2), 3);
}

TEST(Subprocess, KeepsOutputAndErrorsApart) {
  const Outcome outcome = run({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.output, "out\n");
  EXPECT_EQ(outcome.errors, "err\n");
}

TEST(Subprocess, EndsTheWholeGroupAtItsLimit) {
  const Outcome outcome =
      run({.argv = {"sh", "-c", "sleep 60 & sleep 60"}, .limit = milliseconds(300)});
  EXPECT_TRUE(outcome.timed_out);
}

TEST(Subprocess, KeepsOnlyTheLastBytesOfAFlood) {
  const Outcome outcome =
      run({.argv = {"sh", "-c", "yes | head -c 1000000; echo end"}, .keep = 1000});
  EXPECT_EQ(outcome.output.size(), 1000u);
  EXPECT_TRUE(outcome.output.ends_with("end\n"));
}

TEST(Subprocess, NamesAProgramThatIsMissing) {
  try {
    run({.argv = {"no-such-program"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::infrastructure);
    EXPECT_NE(std::string(error.what()).find("no-such-program"), std::string::npos);
  }
}

TEST(Subprocess, FailureShowsTheLastLines) {
  try {
    run_checked({.argv = {"sh", "-c", "echo the cause >&2; exit 1"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("the cause"), std::string::npos);
  }
}

// Is a command that sleeps for minutes. No other test has the same, as tests run at the same time.
const std::string own_sleep = "sleep 290." + std::to_string(::getpid());

// Waits until own_sleep runs, or does not, for at most five seconds.
bool own_sleep_becomes(bool running) {
  for (int i = 0; i < 100; ++i, ::usleep(50'000))
    if ((run({.argv = {"pgrep", "-fx", own_sleep}}).exit_code == 0) == running) return true;
  return false;
}

TEST(Subprocess, ContainedOnesLeaveNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces are for root";
  const TemporaryFolder folder("/tmp", "lab-test");
  const std::string script = "mount -t tmpfs tmpfs " + folder.path().string() + " && touch " +
                             folder.path().string() + "/in-it; " + own_sleep + " & echo ok";
  EXPECT_EQ(run({.argv = {"sh", "-c", script}, .contained = true}).output, "ok\n");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_TRUE(own_sleep_becomes(false));
}

// So it is for root in a container that is not privileged.
TEST(Subprocess, ContainedOnesRunWhereNoNamespaceCanBeMade) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces are for root";
  const pid_t lab = ::fork();
  if (lab == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    ::syscall(SYS_capget, &header, sets.data());
    sets[0].effective &= ~(1u << CAP_SYS_ADMIN);
    sets[0].permitted &= ~(1u << CAP_SYS_ADMIN);
    const bool dropped = ::prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN) == 0 &&
                         ::syscall(SYS_capset, &header, sets.data()) == 0;
    const Outcome outcome = run({.argv = {"echo", "ok"}, .contained = true});
    ::_exit(dropped && outcome.output == "ok\n" ? 0 : 1);
  }
  int status = 0;
  ::waitpid(lab, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Subprocess, ContainedOnesDieWithAKilledLab) {
  if (::geteuid() != 0) GTEST_SKIP() << "namespaces are for root";
  const pid_t lab = ::fork();
  if (lab == 0) {
    run({.argv = {"sh", "-c", own_sleep + "; true"}, .contained = true});
    ::_exit(0);
  }
  EXPECT_TRUE(own_sleep_becomes(true));
  ::kill(lab, SIGKILL);
  ::waitpid(lab, nullptr, 0);
  EXPECT_TRUE(own_sleep_becomes(false));
}

TEST(Subprocess, OneBesideLabEndsWithItsObject) {
  {
    Process process({.argv = {"sh", "-c", own_sleep + " & echo up; wait"}});
    while (process.output().empty() && process.running()) sleep_interruptibly(0.01);
    EXPECT_EQ(process.output(), "up\n");
    EXPECT_TRUE(own_sleep_becomes(true));
  }
  EXPECT_TRUE(own_sleep_becomes(false));
  Process ended({.argv = {"sh", "-c", "echo why; exit 3"}});
  while (ended.running()) sleep_interruptibly(0.01);
  EXPECT_EQ(ended.output(), "why\n");
}

TEST(Subprocess, WaitsForOneThatClosesItsOutput) {
  const Outcome outcome =
      run({.argv = {"sh", "-c", "exec >&- 2>&-; sleep 60"}, .limit = milliseconds(300)});
  EXPECT_TRUE(outcome.timed_out);
}

TEST(Subprocess, IsEndedWhereItsListenerThrows) {
  EXPECT_THROW(run({.argv = {"sh", "-c", "echo line >&2; " + own_sleep},
                    .on_line = [](const std::string&) { throw std::runtime_error("full"); }}),
               std::runtime_error);
  EXPECT_TRUE(own_sleep_becomes(false));
}

TEST(Files, AreWrittenWholeAndBounded) {
  const TemporaryFolder folder("/tmp", "lab-test");
  const auto path = folder.path() / "file";
  write_file(path, "abc");
  EXPECT_EQ(read_file(path), "abc");
  EXPECT_THROW(read_file(path, 2), Error);
  EXPECT_THROW(write_file(folder.path() / "no" / "file", "x"), Error);
}

TEST(Files, Sha256MatchesTheStandardsExample) {
  // FIPS 180-4's example message "abc".
  const std::string expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(sha256("abc"), expected);
  const TemporaryFolder folder("/tmp", "lab-test");
  write_file(folder.path() / "file", "abc");
  EXPECT_EQ(sha256_file(folder.path() / "file"), expected);
}

TEST(Digest, OfASparseFileSeesEachByteAndItsPlace) {
  const TemporaryFolder folder(std::filesystem::temp_directory_path(), "lab-test");
  const auto digest = [&](const std::string& text, std::uintmax_t at, std::uintmax_t size) {
    const std::filesystem::path file = folder.path() / "file";
    std::filesystem::remove(file);
    const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT, 0600));
    EXPECT_EQ(::pwrite(fd.get(), text.data(), text.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(text.size()));
    std::filesystem::resize_file(file, size);
    return sha256_sparse(file);
  };
  constexpr std::uintmax_t gib = 1u << 30;
  const std::string first = digest("abc", 1 << 20, gib);
  EXPECT_EQ(digest("abc", 1 << 20, gib), first);
  EXPECT_NE(digest("abd", 1 << 20, gib), first);
  EXPECT_NE(digest("abc", 2 << 20, gib), first);
  EXPECT_NE(digest("", 0, gib), first);
  // Written zeros and holes have the same digest.
  EXPECT_EQ(digest(std::string(8192, '\0') + "abc", (1 << 20) - 8192, gib), first);
}

TEST(Folders, TemporaryOnesVanish) {
  std::filesystem::path path;
  {
    const TemporaryFolder folder("/tmp", "lab-test");
    path = folder.path();
    write_file(path / "file", "x");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Folders, PartsAreThoseOfTheProgramsOwnPrefix) {
  const TemporaryFolder root(std::filesystem::temp_directory_path(), "lab-test");
  const auto prefix = std::filesystem::canonical(root.path()) / "usr";
  const auto part = prefix / "share/lab";
  EXPECT_EQ(find_part(prefix / "bin/lab", "share/lab"), part);  // it is not taken from elsewhere
  std::filesystem::create_directories(part);
  EXPECT_EQ(find_part(prefix / "bin/lab", "share/lab"), part);
  EXPECT_EQ(find_part(prefix / "bin/lab (deleted)", "share/lab"), part);
  EXPECT_EQ(find_part(prefix / "orchestrator/e2e/lab_e2e_test", "share/lab"), part);
  std::filesystem::create_directory_symlink(part, prefix.parent_path() / "link");
  EXPECT_EQ(find_part(prefix.parent_path() / "bin/lab", "link"), part);
}

TEST(Folders, TheEnvironmentWins) {
  ASSERT_EQ(::setenv("LAB_SHARE", "/somewhere/else", 1), 0);
  const Folders folders = find_folders();
  ::unsetenv("LAB_SHARE");
  EXPECT_EQ(folders.share, "/somewhere/else");
  EXPECT_NE(find_folders().share, "/somewhere/else");
}

// Simulates a cleanup that hangs after the first signal.
[[noreturn]] void hang(const std::vector<int>& signals, std::chrono::milliseconds between) {
  catch_interrupts();
  for (const int number : signals) {
    ::raise(number);
    std::this_thread::sleep_for(between);
  }
  std::_Exit(interrupted() ? 7 : 8);
}

namespace fs = std::filesystem;

class RootsCache : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root";
    fs::create_directories(roots_ / "images/tiny-1");
    for (const fs::path& path : {roots_, roots_ / "images", roots_ / "images/tiny-1"})
      fs::permissions(path, fs::perms(0755));
  }
  bool is_linked() const {
    link_what_root_made(roots_, cache_);
    return fs::is_symlink(cache_ / "images/tiny-1");
  }

  TemporaryFolder folder_{fs::temp_directory_path(), "base-test"};
  const fs::path roots_ = folder_.path() / "roots", cache_ = folder_.path() / "cache";
};

TEST_F(RootsCache, IsTakenWhereOnesOwnHasNothing) {
  EXPECT_TRUE(is_linked());
  fs::remove_all(roots_ / "images/tiny-1");
  link_what_root_made(roots_, cache_);
  EXPECT_FALSE(fs::is_symlink(cache_ / "images/tiny-1"));
}

TEST_F(RootsCache, IsNotTakenWhereOnesOwnHasIt) {
  fs::create_directories(cache_ / "images/tiny-1");
  EXPECT_FALSE(is_linked());
}

TEST_F(RootsCache, IsNotTakenWhereAnotherCouldHaveWrittenIt) {
  fs::permissions(roots_ / "images/tiny-1", fs::perms(0775));
  EXPECT_FALSE(is_linked());
  fs::permissions(roots_ / "images/tiny-1", fs::perms(0755));
  ASSERT_EQ(::chown((roots_ / "images").c_str(), 65534, 0), 0);
  EXPECT_FALSE(is_linked());
  ASSERT_EQ(::chown((roots_ / "images").c_str(), 0, 0), 0);
  fs::rename(roots_ / "images/tiny-1", roots_ / "images/other");
  fs::create_directory_symlink("other", roots_ / "images/tiny-1");
  EXPECT_FALSE(is_linked());
}

// Exits with the code of a shell that cleans up at SIGTERM, while lab is interrupted beside it.
[[noreturn]] void interrupt_one_that_cleans_up() {
  catch_interrupts();
  const std::jthread later([] {
    std::this_thread::sleep_for(milliseconds(200));
    ::kill(::getpid(), SIGTERM);
  });
  const Outcome outcome =
      run({.argv = {"sh", "-c",
                    "trap 'sleep 0.3; echo done; exit 7' TERM; while :; do sleep 0.1; done"},
           .cleans_up = true});
  std::_Exit(interrupted() && outcome.output == "done\n" ? outcome.exit_code : 1);
}

TEST(Interrupt, LeavesOneThatCleansUpItsTime) {
  EXPECT_EXIT(interrupt_one_that_cleans_up(), testing::ExitedWithCode(7), "");
}

// lab makes pages of an interrupted night, too.
[[noreturn]] void run_one_that_cleans_up_when_interrupted() {
  catch_interrupts();
  ::raise(SIGTERM);
  std::_Exit(run({.argv = {"sh", "-c", "sleep 0.3; exit 7"}, .cleans_up = true}).exit_code);
}

TEST(Interrupt, EndsNothingThatCleansUpAndStartedLater) {
  EXPECT_EXIT(run_one_that_cleans_up_when_interrupted(), testing::ExitedWithCode(7), "");
}

TEST(Interrupt, TheSecondSignalEndsAtOnce) {
  EXPECT_EXIT(hang({SIGINT, SIGINT}, std::chrono::milliseconds(2100)),
              testing::ExitedWithCode(exit_interrupted), "ended at once");
  EXPECT_EXIT(hang({SIGINT, SIGTERM}, std::chrono::milliseconds(2100)),
              testing::ExitedWithCode(exit_interrupted), "ended at once");
}

// A terminal sends a signal to the whole process group, and a wrapper passes its own on.
TEST(Interrupt, TheSameSignalTwiceIsOne) {
  EXPECT_EXIT(hang({SIGINT, SIGINT, SIGTERM}, std::chrono::milliseconds(10)),
              testing::ExitedWithCode(7), "");
}

TEST(RunFolder, OfADeadLabIsSweptAndALivingOneIsNot) {
  const TemporaryFolder root("/tmp", "lab-test");
  Folders folders;
  folders.cache = root.path() / "cache";
  folders.runtime = root.path() / "run";
  const RunFolder alive(folders);
  const auto dead = folders.cache / "runs" / "999999999.abcdef";
  std::filesystem::create_directories(dead);
  write_file(dead / "lock", "");
  write_file(dead / "overlay.qcow2", "x");
  EXPECT_EQ(dead_runs(folders), std::vector<std::string>{"999999999.abcdef"});
  remove_run(folders, "999999999.abcdef");
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(alive.path()));
}

// The next lab finds by the folder what was not cleared.
TEST(RunFolder, StaysEmptyWhereSomethingMayBeLeft) {
  const TemporaryFolder root("/tmp", "lab-test");
  Folders folders;
  folders.cache = root.path() / "cache";
  folders.runtime = root.path() / "run";
  std::string id;
  {
    const RunFolder run(folders);
    id = run.id();
    write_file(run.path() / "overlay.qcow2", "x");
    keep_run_folders();
  }
  EXPECT_EQ(dead_runs(folders), std::vector<std::string>{id});
  EXPECT_TRUE(std::filesystem::is_empty(folders.cache / "runs" / id));
  EXPECT_FALSE(std::filesystem::exists(folders.runtime / id));
}

TEST(StopCheck, NamesAProcessThatStaysStopped) {
  Process process({.argv = {"sleep", "60"}});
  StopCheck check("sleep", 0.2);
  const auto look_for = [&](double seconds) {
    const Stopwatch watch;
    while (watch.seconds() < seconds) check.check(process.pid());
  };
  look_for(0.3);
  ::kill(process.pid(), SIGSTOP);
  look_for(0.1);
  ::kill(process.pid(), SIGCONT);
  look_for(0.3);
  ::kill(process.pid(), SIGSTOP);
  EXPECT_THAT([&] { look_for(0.5); },
              testing::Throws<Error>(testing::AllOf(
                  testing::Property(&Error::kind, ErrorKind::infrastructure),
                  testing::Property(&Error::what, testing::HasSubstr("sleep (process " +
                                                                     std::to_string(process.pid()) +
                                                                     ") was stopped")))));
  EXPECT_NO_THROW(StopCheck("nobody", 0).check(999'999'999));
}

TEST(CopyFile, HasTheBytesAndTheMode) {
  const TemporaryFolder folder("/tmp", "copy");
  const auto from = folder.path() / "from", to = folder.path() / "to";
  write_file(from, std::string(3u << 20, 'x') + "end");
  std::filesystem::permissions(from, std::filesystem::perms(0750));
  base::copy_file(from, to);
  EXPECT_EQ(sha256_file(to), sha256_file(from));
  EXPECT_EQ(std::filesystem::status(to).permissions(), std::filesystem::perms(0750));
  EXPECT_THROW(base::copy_file(from, to), Error) << "it is there already";
}

TEST(CopyFile, SaysThatADiskIsFull) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const TemporaryFolder folder("/tmp", "copy");
  const auto from = folder.path() / "from", disk = folder.path() / "disk";
  write_file(from, std::string(1u << 20, 'x'));
  std::filesystem::create_directory(disk);
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k"), 0);
  EXPECT_THAT([&] { base::copy_file(from, disk / "to"); },
              testing::Throws<Error>(
                  testing::Property(&Error::what, testing::HasSubstr("No space left on device"))));
  ::umount2(disk.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace lab::base
