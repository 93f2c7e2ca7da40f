// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "command.h"
#include "snapshot.h"
#include "text.h"

namespace {

using testing::HasSubstr;

constexpr std::uint32_t cpuid_exit = 0x72;

// Answers like the patched KVM of an AMD machine: every CPUID is an exit that is counted before it
// is answered, and a read of the total latches all counts.
struct Kernel {
  int layout = EXIT_LAYOUT_DESCENDING;
  std::map<std::uint32_t, std::uint32_t> counts{{0x7b, 500}, {0x60, 40}, {cpuid_exit, 100}}, kept;
  std::uint32_t disturbance = 0;  // the exit that comes before each CPUID; 0: none
  int calm = 0;                   // but not before so many CPUIDs
  int other_readers = 0;          // how often another program still reads the total, after a total
  bool stock = false;

  std::uint32_t total() const {
    std::uint32_t sum = 0;
    for (const auto& [number, count] : counts) sum += count;
    return sum;
  }
};

Kernel kernel;

constexpr std::uint8_t table[EXIT_LAYOUT_COUNT][EXIT_LEAVES] = EXIT_LAYOUT_TABLE;

std::uint32_t read_and_keep() {
  kernel.kept = kernel.counts;
  return kernel.total();
}

regs answer(std::uint32_t leaf, std::uint32_t number) {
  if (kernel.disturbance && kernel.calm-- <= 0) kernel.counts[kernel.disturbance]++;
  kernel.counts[cpuid_exit]++;
  if (leaf == 0) return {16, 0x68747541, 0x444d4163, 0x69746e65};  // "AuthenticAMD"
  if (kernel.stock || leaf < EXIT_LEAF_FIRST || leaf > EXIT_LEAF_LAST) return {7, 7, 7, 7};
  const bool defined = number <= 0xa6 || number == EXIT_NUMBER_OTHER || number >= 0xfffffffcu ||
                       (number >= 0x400 && number <= 0x403);
  switch (table[kernel.layout][leaf - EXIT_LEAF_FIRST]) {
    case EXIT_ANSWER_TOTAL:
      return {read_and_keep(), 0, 0, 0};
    case EXIT_ANSWER_TOTAL_CYCLES:
      return {0, 1, 2, 0};
    case EXIT_ANSWER_TOTAL_AND_CYCLES:
      return {read_and_keep(), 1, 2, 0};
    case EXIT_ANSWER_COUNT:
      if (!defined) return {0, 0, 0, EXIT_LEAF_UNDEFINED};
      return {kernel.counts.count(number) ? kernel.counts[number] : 0, 0, 0, 0};
    case EXIT_ANSWER_LATCHED:
      if (!defined) return {0, 0, 0, EXIT_LEAF_UNDEFINED};
      if (kernel.other_readers > 0) {
        kernel.other_readers--;
        kernel.counts[cpuid_exit]++;
        read_and_keep();
      }
      return {kernel.kept.count(number) ? kernel.kept[number] : 0, 0, 0, 0};
    case EXIT_ANSWER_CYCLES:
      if (!defined) return {0, 0, 0, EXIT_LEAF_UNDEFINED};
      return {0, 0, number, 0};
    default:
      return {7, 7, 7, 7};
  }
}

class Reader : public testing::Test {
 protected:
  void SetUp() override { kernel = Kernel(); }
  leaves leaves_{answer, -1, 0, false};
};

TEST_F(Reader, FindsEachLayout) {
  for (int layout = 0; layout < EXIT_LAYOUT_COUNT; ++layout) {
    kernel.layout = layout;
    ASSERT_TRUE(find_layout(&leaves_)) << layout;
    EXPECT_EQ(leaves_.layout, layout);
  }
}

// Simulates an interrupt between any two reads.
TEST_F(Reader, FindsEachLayoutWhateverComesBetween) {
  for (int layout = 0; layout < EXIT_LAYOUT_COUNT; ++layout) {
    kernel = Kernel();
    kernel.disturbance = 0x60;
    kernel.layout = layout;
    ASSERT_TRUE(find_layout(&leaves_)) << layout;
    EXPECT_EQ(leaves_.layout, layout);
  }
}

TEST_F(Reader, KnowsAStockKernel) {
  kernel.stock = true;
  EXPECT_FALSE(find_layout(&leaves_));
  EXPECT_EQ(leaves_.layout, EXIT_LAYOUT_COUNT);
}

std::uint32_t sum_of(const snapshot& s) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < s.numbers; ++i) sum += s.reasons[i].latched;
  return sum;
}

TEST_F(Reader, SnapshotAddsUp) {
  ASSERT_TRUE(find_layout(&leaves_));
  snapshot s;
  take_snapshot(&leaves_, true, &s);
  EXPECT_TRUE(s.whole);
  EXPECT_EQ(s.attempts, 1u);
  EXPECT_EQ(s.numbers, 3u);
  EXPECT_EQ(s.own_exits, 4u);
  EXPECT_EQ(s.end_total, s.start_total + 4);
  EXPECT_EQ(sum_of(s), s.end_total);
  EXPECT_EQ(s.late_reads, 3u);
  EXPECT_EQ(s.end_total + s.late_reads, kernel.total());
  EXPECT_EQ(s.total_cycles, (1ull << 32) + 2);
}

// Totals and counts are 32 bits of eax: they may wrap while they are read, or be zero just then.
TEST_F(Reader, SnapshotAddsUpWhereCountsWrap) {
  for (std::uint32_t before = 0; before < 400; before += 7) {
    kernel = Kernel();
    kernel.counts[cpuid_exit] = 0u - before;
    leaves_ = {answer, -1, 0, false};
    ASSERT_TRUE(find_layout(&leaves_)) << before;
    snapshot s;
    take_snapshot(&leaves_, true, &s);
    ASSERT_TRUE(s.whole) << before;
    EXPECT_EQ(s.end_total - s.start_total, s.own_exits);
    EXPECT_EQ(sum_of(s), s.end_total);
  }
}

TEST_F(Reader, SnapshotNeedsNoLuck) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.disturbance = 0x60;
  snapshot s;
  take_snapshot(&leaves_, true, &s);
  EXPECT_TRUE(s.whole);
  EXPECT_EQ(s.attempts, 1u);
  EXPECT_EQ(s.end_total, s.start_total + 2 * s.own_exits);
  EXPECT_EQ(sum_of(s), s.end_total);
  for (std::uint32_t i = 0; i < s.numbers; ++i) {
    EXPECT_TRUE(s.reasons[i].read);
    EXPECT_LE(s.reasons[i].count, s.reasons[i].latched);
  }
}

// A number's first exit may come after the search.
TEST_F(Reader, SnapshotHasANumberThatCameOnlyThen) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.disturbance = 0x61;
  kernel.calm = 180;  // the search is 176 counts, and the cycles of three
  snapshot s;
  take_snapshot(&leaves_, true, &s);
  EXPECT_TRUE(s.whole);
  EXPECT_EQ(s.attempts, 1u);
  EXPECT_EQ(s.numbers, 4u);
  EXPECT_EQ(s.own_exits, 4u);
  EXPECT_EQ(s.reasons[3].number, 0x61u);
  EXPECT_FALSE(s.reasons[3].read);
  EXPECT_EQ(s.reasons[3].latched, s.own_exits + 1);
  EXPECT_EQ(sum_of(s), s.end_total);
}

TEST_F(Reader, SnapshotIsTakenAgainWhereAnotherProgramReadsTheTotal) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.other_readers = 2;
  snapshot s;
  take_snapshot(&leaves_, true, &s);
  EXPECT_TRUE(s.whole);
  EXPECT_EQ(s.attempts, 2u);
  EXPECT_EQ(sum_of(s), s.end_total);
  kernel.other_readers = 1'000'000;
  take_snapshot(&leaves_, true, &s);
  EXPECT_FALSE(s.whole);
  EXPECT_EQ(s.attempts, unsigned{SNAPSHOT_ATTEMPTS});
}

TEST_F(Reader, SnapshotStaysRightWhere32BitsWrap) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.counts[0x7b] = 0xffffffffu - kernel.counts[cpuid_exit] - kernel.counts[0x60] - 170;
  snapshot s;
  take_snapshot(&leaves_, true, &s);
  EXPECT_TRUE(s.whole);
  EXPECT_LT(s.end_total, 1000u);  // wrapped
}

TEST_F(Reader, SnapshotsJsonSaysWhatWasReadAndKept) {
  ASSERT_TRUE(find_layout(&leaves_));
  snapshot s;
  take_snapshot(&leaves_, true, &s);
  s.reasons[0].read = false;
  const auto t = std::make_unique<text>();
  text_clear(t.get());
  text_add_snapshot(t.get(), &s);
  EXPECT_THAT(std::string(t->bytes),
              HasSubstr(R"("late_reads":3,"reasons":[[96,40,null,96],[114,)"));
  EXPECT_THAT(std::string(t->bytes), HasSubstr("[123,500,500,123]]}"));
}

TEST(Request, IsTakenOnlyWhole) {
  EXPECT_EQ(parse_request("poweroff").kind, REQUEST_POWEROFF);
  EXPECT_EQ(parse_request("reboot").kind, REQUEST_REBOOT);
  EXPECT_EQ(parse_request("snapshot 7").kind, REQUEST_SNAPSHOT);
  EXPECT_EQ(parse_request("snapshot 7").id, 7u);
  const request run = parse_request("run 3 12 5 0 1000000 4294967295");
  EXPECT_EQ(run.kind, REQUEST_RUN);
  EXPECT_EQ(run.id, 3u);
  EXPECT_EQ(run.length, 12u);
  EXPECT_EQ(run.input, 5u);
  EXPECT_EQ(run.background, 0u);
  EXPECT_EQ(run.times, 1'000'000u);
  EXPECT_EQ(run.milliseconds, 4294967295u);
  const request symbols = parse_request("symbols 4 139264");
  EXPECT_EQ(symbols.kind, REQUEST_SYMBOLS);
  EXPECT_EQ(symbols.id, 4u);
  EXPECT_EQ(symbols.length, 139264u);
  for (const char* bad : {"",
                          "symbols 4",
                          "symbols 4 0",
                          "symbols 4 139265",
                          "symbols 4 5 6",
                          "run",
                          "run 3",
                          "run 3 12",
                          "run 3 0 0 0 1 0",
                          "run 3 65537 0 0 1 0",
                          "run 3 1 65537 0 1 0",
                          "run 3 1 0 65537 1 0",
                          "run 3 1 0 0 0 0",
                          "run 3 1 0 0 1000001 0",
                          "run 3 1 0 0 1 4294967296",
                          "run 99999999999 1 0 0 1 0",
                          "run -1 1 0 0 1 0",
                          "run 3 1 0 0 1 0 ",
                          "run 3 1 0 0 1 0 0",
                          "run  3 1 0 0 1 0",
                          "run3 1 0 0 1 0",
                          "snapshot",
                          "snapshot x",
                          "snapshot 1x",
                          "snapshot7",
                          "POWEROFF",
                          "poweroff ",
                          "reboot 1"})
    EXPECT_EQ(parse_request(bad).kind, REQUEST_BAD) << bad;
}

std::string json_of(const std::string& bytes) {
  const auto t = std::make_unique<text>();
  text_clear(t.get());
  text_add_json_string(t.get(), bytes.data(), bytes.size());
  return {t->bytes, t->length};
}

TEST(Text, EscapesWhatIsNoUtf8) {
  EXPECT_EQ(json_of("a\"\\\n"), "\"a\\u0022\\u005c\\u000a\"");
  EXPECT_EQ(json_of("\xc3\xa4"), "\"\xc3\xa4\"");
  EXPECT_EQ(json_of("\xff\xc3"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(json_of(std::string("\xed\xa0\x80", 3)), "\"\\ufffd\\ufffd\\ufffd\"");  // a surrogate
}

TEST(Text, RefusesToOverflow) {
  const auto t = std::make_unique<text>();
  text_clear(t.get());
  for (int i = 0; i < 20'000; ++i) text_add(t.get(), "%s", "0123456789");
  EXPECT_TRUE(t->cut);
  EXPECT_LE(t->length, sizeof(t->bytes));
}

class Command : public testing::Test {
 protected:
  const command_result& run(const std::string& text, const std::string& input = "",
                            std::uint32_t times = 1, std::uint32_t milliseconds = 0) {
    const command what{text.c_str(), input.data(), input.size(), times, milliseconds};
    EXPECT_TRUE(run_command(&what, result_.get()));
    return *result_;
  }
  std::string output() const { return {result_->output, result_->kept}; }

  const std::unique_ptr<command_result> result_ = std::make_unique<command_result>();
};

// A child that keeps the pipe open once made the step run into its time limit.
TEST_F(Command, EndsWithItsShellThoughAChildGoesOn) {
  const command_result& r = run("sleep 20 & echo started");
  EXPECT_EQ(output(), "started\n");
  EXPECT_EQ(r.exit_code, 0);
  EXPECT_LT(r.seconds, 5);
  EXPECT_EQ(run("sleep 20 & exit 4").exit_code, 4);
  EXPECT_LT(r.seconds, 5);
  EXPECT_EQ(run("timeout 20 yes & sleep 0.2; echo ended").exit_code, 0);
  EXPECT_LT(r.seconds, 5);
  EXPECT_GT(r.output_bytes, 1000u);
}

// Makes pidfd_open() fail in this process and its children, as it does before Linux 5.3.
void forget_pidfd_open() {
  sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{std::size(filter), filter};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST_F(Command, EndsWithItsShellOnAnOldKernelToo) {
  const pid_t child = ::fork();
  if (child == 0) {
    forget_pidfd_open();
    const command_result& r = run("sleep 20 & echo started");
    const bool refused = ::syscall(SYS_pidfd_open, ::getpid(), 0) < 0 && errno == ENOSYS;
    std::_Exit(refused && r.seconds < 5 && output() == "started\n" ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// It holds SIGCHLD back while it waits for a command.
TEST_F(Command, LeavesTheReadersSignalsAsTheyWere) {
  run("true");
  sigset_t mask;
  ::sigprocmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGCHLD), 0);
  struct sigaction action;
  ::sigaction(SIGCHLD, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

TEST_F(Command, KeepsTheEndOfAFloodAndTheExitCode) {
  const command_result& r = run("yes | head -c 1000000; echo end; exit 3");
  EXPECT_EQ(r.exit_code, 3);
  EXPECT_EQ(r.output_bytes, 1'000'004u);
  EXPECT_EQ(r.kept, std::size_t{OUTPUT_KEPT});
  EXPECT_THAT(output(), testing::EndsWith("\nend\n"));
  EXPECT_EQ(run("kill -9 $$").signal, 9);
  EXPECT_FALSE(r.cut);
}

TEST_F(Command, RunsSoManyTimesUntilOneFails) {
  EXPECT_EQ(run("echo x", "", 5).times, 5u);
  EXPECT_EQ(output(), "x\nx\nx\nx\nx\n");
  const command_result& r = run("read line; echo $line; test $line = 1", "1\n2\n", 3);
  EXPECT_EQ(r.times, 3u) << "each has the input from its beginning";
  const std::string file = testing::TempDir() + "reader_test_count";
  std::remove(file.c_str());
  run("echo x >>" + file + "; test $(wc -l <" + file + ") -lt 3", "", 100);
  EXPECT_EQ(r.times, 3u);
  EXPECT_EQ(r.exit_code, 1);
  std::remove(file.c_str());
}

TEST_F(Command, HasAsMuchInputAsThereIs) {
  const std::string input(COMMAND_LIMIT, 'i');
  EXPECT_EQ(run("wc -c", input).exit_code, 0);
  EXPECT_EQ(std::stoul(output()), COMMAND_LIMIT);
  EXPECT_EQ(run("true", input).exit_code, 0) << "nobody has to read it";
  EXPECT_EQ(run("cat").output_bytes, 0u);
}

bool is_alive(const std::string& pid) {
  return ::kill(std::stoi(pid), 0) == 0 && std::ifstream("/proc/" + pid + "/stat").good() && [&] {
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.find(") Z") == std::string::npos;
  }();
}

bool dies(const std::string& pid) {
  for (int i = 0; i < 200 && is_alive(pid); ++i) ::usleep(5'000);
  return !is_alive(pid);
}

TEST_F(Command, IsCutWithItsWholeGroupWhenTheTimeIsOver) {
  const command_result& r = run("sleep 100 & echo $!; sleep 100", "", 1, 1000);
  EXPECT_TRUE(r.cut);
  EXPECT_EQ(r.signal, 9);
  EXPECT_EQ(r.times, 0u);
  EXPECT_GE(r.seconds, 1);
  EXPECT_LT(r.seconds, 5);
  EXPECT_TRUE(dies(output()));
}

// The exit code was lost where a child outlived the shell until the time was over.
TEST_F(Command, HasItsShellsExitCodeThoughAChildIsCut) {
  const command_result& r = run("sleep 20 & false", "", 1, 500);
  EXPECT_TRUE(r.cut);
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_EQ(r.signal, 0);
}

TEST_F(Command, IsCutThoughItNeverStopsPrintingOrComesAgainAndAgain) {
  EXPECT_TRUE(run("yes", "", 1, 500).cut);
  EXPECT_EQ(result_->kept, std::size_t{OUTPUT_KEPT});
  EXPECT_TRUE(run("true", "", TIMES_LIMIT, 2000).cut);
  EXPECT_GT(result_->times, 0u);
  EXPECT_FALSE(run("true", "", 2, 60'000).cut) << "done before its time";
  EXPECT_EQ(result_->times, 2u);
}

std::string first_line(const std::string& file) {
  std::string line;
  for (int i = 0; i < 200 && line.empty(); ++i) {
    std::ifstream stream(file);
    std::getline(stream, line);
    if (line.empty()) ::usleep(5'000);
  }
  return line;
}

TEST(Load, IsKilledWithItsGroup) {
  const std::string file = testing::TempDir() + "reader_test_load";
  std::remove(file.c_str());
  const pid_t load = start_load(("sleep 100 & echo $! >" + file + "; yes").c_str());
  ASSERT_GT(load, 0);
  const std::string child = first_line(file);
  ASSERT_FALSE(child.empty());
  EXPECT_TRUE(is_alive(child));
  EXPECT_EQ(end_load(load), -1);
  EXPECT_TRUE(dies(child));
  EXPECT_FALSE(is_alive(std::to_string(load)));
  std::remove(file.c_str());
}

TEST(Load, ThatEndsBeforeItsTimeSaysHow) {
  const pid_t load = start_load("exit 7");
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(load), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(end_load(load), 7);
}

}  // namespace
