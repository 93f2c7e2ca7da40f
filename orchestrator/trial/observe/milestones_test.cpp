// SPDX-License-Identifier: MIT
#include "orchestrator/trial/observe/milestones.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::trial {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string console =
    "SeaBIOS (version 1.16.2)\r\n"
    "[    0.000000] Linux version 6.1.0-27-cloud-amd64 (gcc-12)\r\n"
    "[    0.9] Freeing unused kernel image (initmem) memory: 2796K\r\n"
    "[    0.9] Run /init as init process\r\n"
    "[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mmulti-user.target\x1b[0m - Multi-User "
    "System.\r\n"
    "guest login: ";

// Returns the marks found where these bytes come `size` at a time.
std::vector<Mark> feed_in_pieces(const std::string& bytes, std::size_t size,
                                 const std::string& pattern) {
  ConsoleMarks marks;
  marks.begin(pattern);
  std::vector<Mark> found;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    for (const Mark mark : marks.feed(bytes.substr(at, size))) found.push_back(mark);
  return found;
}

TEST(ConsoleMarks, AreFoundInTheOrderOfABoot) {
  ConsoleMarks marks;
  EXPECT_THAT(marks.feed(console), ElementsAre(Mark::kernel, Mark::init, Mark::multi_user));
  EXPECT_THAT(marks.feed(console), IsEmpty()) << "each once";
  marks.begin("");
  EXPECT_FALSE(marks.seen(Mark::kernel));
  EXPECT_THAT(marks.feed(console), ElementsAre(Mark::kernel, Mark::init, Mark::multi_user));
}

TEST(ConsoleMarks, AreFoundHoweverTheBytesAreSplit) {
  for (std::size_t size = 1; size < 40; ++size) {
    const std::vector<Mark> found = feed_in_pieces(console, size, "version 1.16.2)");
    EXPECT_THAT(found, ElementsAre(Mark::pattern, Mark::kernel, Mark::init, Mark::multi_user))
        << size;
  }
}

TEST(ConsoleMarks, APromptNeedsNoEndOfLine) {
  ConsoleMarks marks;
  EXPECT_THAT(marks.feed("guest log"), IsEmpty());
  EXPECT_THAT(marks.feed("in: "), ElementsAre(Mark::multi_user));
}

TEST(ConsoleMarks, OldSystemdsSpellItOtherwise) {
  ConsoleMarks marks;
  EXPECT_THAT(marks.feed("[  OK  ] Reached target Multi-User System.\n"),
              ElementsAre(Mark::multi_user));
}

TEST(ConsoleMarks, StandInOneLine) {
  ConsoleMarks marks;
  marks.begin("one two");
  EXPECT_THAT(marks.feed("Linux \nversion 6\none\r\ntwo\n"), IsEmpty());
  EXPECT_THAT(marks.feed("\x1b[1mone\x1b[0m two\n"), ElementsAre(Mark::pattern));
}

// systemd 257 and later write OSC 3008; shells set the window's title.
TEST(ConsoleMarks, NoEscapeSequenceIsText) {
  for (const std::string between :
       {"\x1b]3008;start=1;type=boot\x1b\\", "\x1b]0;title\x07", "\x1bPdevice\x1b\\",
        "\x1b_app\x1b\\", "\x1b^message\x1b\\", "\x1bXstring\x1b\\", "\x1b(B", "\x1b[0;1m",
        "\x1b]0;cut short\x1b[0m",
        "\x1b"
        "7"}) {
    for (std::size_t size = 1; size < 40; ++size) {
      const std::string line = "a one " + between + "two b\n";
      const std::vector<Mark> found = feed_in_pieces(line, size, "one two");
      EXPECT_THAT(found, ElementsAre(Mark::pattern)) << line << size;
    }
  }
}

TEST(ConsoleMarks, AnEscapeSequenceEndsWithItsLineAtLast) {
  ConsoleMarks marks;
  marks.begin("one two");
  EXPECT_THAT(marks.feed("\x1b]0;open one two\r\n"), IsEmpty());
  EXPECT_THAT(marks.feed("one two"), ElementsAre(Mark::pattern));
}

// The kernel's messages do not wait until a program has ended its line.
TEST(ConsoleMarks, AreFoundAroundMessagesOfTheKernel) {
  const std::string first = "[    5.123456] random: crng init done\r\n",
                    second = "[  123.000001][    T1] usb 1-1: new device\r\n";
  for (const std::string& between : {first, second, first + second})
    for (std::size_t size = 1; size < 60; ++size) {
      const std::string text = "guest log" + between + "in: ";
      const std::vector<Mark> found = feed_in_pieces(text, size, "guest login:");
      EXPECT_THAT(found, ElementsAre(Mark::multi_user, Mark::pattern)) << between << size;
    }
}

TEST(ConsoleMarks, LinesAreJoinedOverNothingElse) {
  for (const std::string between :
       {"[1.5] x\n", "[  OK  ] x\n", "[    5.123456]x\n", "\n", "x\n"}) {
    ConsoleMarks marks;
    marks.begin("one two");
    EXPECT_THAT(marks.feed("one " + between + "two\n"), IsEmpty()) << between;
  }
  ConsoleMarks marks;
  marks.begin("one two");
  EXPECT_THAT(marks.feed("[    5.123456] one \r\ntwo\n"), IsEmpty()) << "the kernel's own line";
  EXPECT_THAT(marks.feed("one [    5.123456] x\r\nthree\ntwo\n"), IsEmpty()) << "once";
}

TEST(ConsoleMarks, TheOldSystemsEndIsNoNewInit) {
  ConsoleMarks marks;
  marks.begin("", true);
  EXPECT_THAT(marks.feed("systemd[1]: Shutting down.\n"), IsEmpty());
  EXPECT_THAT(marks.feed("Linux version 6\nsystemd[1]: Hello.\n"),
              ElementsAre(Mark::kernel, Mark::init));
}

TEST(ConsoleMarks, AFloodWithoutALineIsBounded) {
  ConsoleMarks marks;
  const std::string flood(1 << 16, 'x');
  for (int i = 0; i < 20; ++i) EXPECT_THAT(marks.feed(flood), IsEmpty());
  EXPECT_THAT(marks.feed("Linux vers"), IsEmpty());
  EXPECT_THAT(marks.feed("ion 6"), ElementsAre(Mark::kernel));
}

}  // namespace
}  // namespace lab::trial
