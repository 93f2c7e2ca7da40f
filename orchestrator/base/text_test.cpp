// SPDX-License-Identifier: MIT
#include "orchestrator/base/text.hpp"

#include <gmock/gmock.h>

namespace lab::base {
namespace {

using testing::ElementsAre;

TEST(Text, SplitsAtEachSeparator) {
  EXPECT_THAT(split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split(",a,,", ','), ElementsAre("", "a", "", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Text, IsOneWordOfAShell) {
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(Text, KnowsUtf8) {
  const auto is = [](std::string_view text, char32_t value, std::size_t bytes) {
    const CodePoint point = first_code_point(text);
    EXPECT_EQ(point.value, value) << text;
    EXPECT_EQ(point.bytes, bytes) << text;
  };
  is("ab", 'a', 1);
  is("\xc2\x80", 0x80, 2);
  is("\xef\xbf\xbfx", 0xffff, 3);
  is("\xf4\x8f\xbf\xbf", 0x10ffff, 4);
  for (const char* bad : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xc2", "\xc2x"})
    is(bad, 0, 0);
}

}  // namespace
}  // namespace lab::base
