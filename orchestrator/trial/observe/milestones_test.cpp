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
    ConsoleMarks marks;
    marks.begin("version 1.16.2)");
    std::vector<Mark> found;
    for (std::size_t at = 0; at < console.size(); at += size)
      for (const Mark mark : marks.feed(console.substr(at, size))) found.push_back(mark);
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
