// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "command.h"
#include "snapshot.h"
#include "text.h"

namespace {

using testing::HasSubstr;

constexpr std::uint32_t cpuid_exit = 0x72;

// Answers like the patched KVM of an AMD machine: every CPUID is an exit that counts before it
// answers.
struct Kernel {
  int layout = EXIT_LAYOUT_DESCENDING;
  std::map<std::uint32_t, std::uint32_t> counts{{0x7b, 500}, {0x60, 40}, {cpuid_exit, 100}};
  int disturbances = 0;  // exits of another kind that still come in between
  bool stock = false;

  std::uint32_t total() const {
    std::uint32_t sum = 0;
    for (const auto& [number, count] : counts) sum += count;
    return sum;
  }
};

Kernel kernel;

constexpr std::uint8_t table[EXIT_LAYOUT_COUNT][4] = EXIT_LAYOUT_TABLE;

regs answer(std::uint32_t leaf, std::uint32_t number) {
  kernel.counts[cpuid_exit]++;
  if (leaf == 0) return {16, 0x68747541, 0x444d4163, 0x69746e65};  // "AuthenticAMD"
  if (kernel.stock || leaf < EXIT_LEAF_FIRST || leaf > EXIT_LEAF_LAST) return {7, 7, 7, 7};
  if (kernel.disturbances > 0 && number == 0x7b) {
    kernel.disturbances--;
    kernel.counts[0x60]++;
  }
  const bool defined = number <= 0xa6 || number == EXIT_NUMBER_OTHER || number >= 0xfffffffcu ||
                       (number >= 0x400 && number <= 0x403);
  switch (table[kernel.layout][leaf - EXIT_LEAF_FIRST]) {
    case EXIT_ANSWER_TOTAL:
      return {kernel.total(), 0, 0, 0};
    case EXIT_ANSWER_TOTAL_CYCLES:
      return {0, 1, 2, 0};
    case EXIT_ANSWER_TOTAL_AND_CYCLES:
      return {kernel.total(), 1, 2, 0};
    case EXIT_ANSWER_COUNT:
      if (!defined) return {0, 0, 0, EXIT_LEAF_UNDEFINED};
      return {kernel.counts.count(number) ? kernel.counts[number] : 0, 0, 0, 0};
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
  leaves leaves_{answer, -1, 0};
};

TEST_F(Reader, FindsEachLayout) {
  for (int layout = 0; layout < EXIT_LAYOUT_COUNT; ++layout) {
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

TEST_F(Reader, SnapshotIsCleanAndAddsUp) {
  ASSERT_TRUE(find_layout(&leaves_));
  snapshot s;
  take_snapshot(&leaves_, cpuid_exit, &s);
  EXPECT_TRUE(s.clean);
  EXPECT_EQ(s.attempts, 1u);
  EXPECT_EQ(s.numbers, 3u);
  EXPECT_EQ(s.own_exits, 4u);
  EXPECT_EQ(s.end_total, s.start_total + 4);
  EXPECT_EQ(s.end_total, kernel.total());
  EXPECT_EQ(s.total_cycles, (1ull << 32) + 2);
}

// Totals and counts are 32 bits of eax: they wrap while they are read, or stand at zero just then.
TEST_F(Reader, SnapshotIsCleanWhereCountsWrap) {
  for (std::uint32_t before = 0; before < 400; before += 7) {
    kernel = Kernel();
    kernel.counts[cpuid_exit] = 0u - before;
    leaves_ = {answer, -1, 0};
    ASSERT_TRUE(find_layout(&leaves_)) << before;
    snapshot s;
    take_snapshot(&leaves_, cpuid_exit, &s);
    ASSERT_TRUE(s.clean) << before;
    EXPECT_EQ(s.end_total - s.start_total, s.own_exits);
    EXPECT_EQ(s.end_total, kernel.total());
  }
}

TEST_F(Reader, SnapshotIsTriedAgainWhenDisturbed) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.disturbances = 5;
  snapshot s;
  take_snapshot(&leaves_, cpuid_exit, &s);
  EXPECT_TRUE(s.clean);
  EXPECT_GT(s.attempts, 1u);
}

TEST_F(Reader, SnapshotThatNeverSucceedsSaysSo) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.disturbances = 1'000'000;
  snapshot s;
  take_snapshot(&leaves_, cpuid_exit, &s);
  EXPECT_FALSE(s.clean);
  EXPECT_EQ(s.attempts, unsigned{SNAPSHOT_ATTEMPTS});
}

TEST_F(Reader, SnapshotStaysRightWhere32BitsWrap) {
  ASSERT_TRUE(find_layout(&leaves_));
  kernel.counts[0x7b] = 0xffffffffu - kernel.counts[cpuid_exit] - kernel.counts[0x60] - 170;
  snapshot s;
  take_snapshot(&leaves_, cpuid_exit, &s);
  EXPECT_TRUE(s.clean);
  EXPECT_LT(s.end_total, 1000u);  // wrapped
}

TEST(Request, IsTakenOnlyWhole) {
  EXPECT_EQ(parse_request("poweroff").kind, REQUEST_POWEROFF);
  EXPECT_EQ(parse_request("snapshot 7").id, 7u);
  const request run = parse_request("run 3 12");
  EXPECT_EQ(run.kind, REQUEST_RUN);
  EXPECT_EQ(run.id, 3u);
  EXPECT_EQ(run.length, 12u);
  for (const char* bad :
       {"", "run", "run 3", "run 3 0", "run 3 65537", "run 99999999999 1", "run -1 1", "run 3 12 ",
        "snapshot", "snapshot x", "snapshot 1x", "POWEROFF", "poweroff "})
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

TEST(Command, KeepsTheEndOfAFloodAndTheExitCode) {
  const auto r = std::make_unique<command_result>();
  ASSERT_TRUE(run_command("yes | head -c 1000000; echo end; exit 3", r.get()));
  EXPECT_EQ(r->exit_code, 3);
  EXPECT_EQ(r->output_bytes, 1'000'004u);
  EXPECT_EQ(r->kept, std::size_t{OUTPUT_KEPT});
  EXPECT_EQ(std::string(r->output + r->kept - 4, 4), "end\n");
  ASSERT_TRUE(run_command("kill -9 $$", r.get()));
  EXPECT_EQ(r->signal, 9);
}

}  // namespace
