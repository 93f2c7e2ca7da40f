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

TEST(Text, SplitsIntoLines) {
  EXPECT_THAT(split_lines("a\n\nb\r\n"), ElementsAre("a", "", "b\r"));
  EXPECT_THAT(split_lines("a\nb"), ElementsAre("a", "b"));
  EXPECT_THAT(split_lines("\n"), ElementsAre(""));
  EXPECT_THAT(split_lines(""), ElementsAre());
}

TEST(Text, SplitsIntoWords) {
  EXPECT_THAT(split_words(" a  b\tc\n"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_words(" \n"), ElementsAre());
  std::string_view text = " first the rest";
  EXPECT_EQ(take_word(text), "first");
  EXPECT_EQ(text, " the rest");
  text = " ";
  EXPECT_EQ(take_word(text), "");
}

TEST(Text, IsOneWordOfAShell) {
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(Text, DoublesItsQuotes) {
  EXPECT_EQ(double_quoted("a \"b\""), "\"a \"\"b\"\"\"");
}

TEST(Text, HasAFirstLineAndEnds) {
  EXPECT_EQ(first_line("a\nb"), "a");
  EXPECT_EQ(first_line("a"), "a");
  EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(trimmed_end(" a \n\n"), " a");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed_end(""), "");
  EXPECT_EQ(tail("abc d\n", 4), "c d");
  EXPECT_EQ(tail("abc", 4), "abc");
}

TEST(Text, IsANumberAsAWhole) {
  EXPECT_EQ(parse_number<unsigned>("42"), 42u);
  EXPECT_EQ(parse_number<unsigned>("ff", 16), 255u);
  EXPECT_EQ(parse_number<int>("-1"), -1);
  for (const char* bad : {"", " 1", "1 ", "-1", "0x1", "4294967296", "x"})
    EXPECT_EQ(parse_number<unsigned>(bad), std::nullopt) << bad;
}

TEST(Text, IsPlain) {
  EXPECT_EQ(lower("SHA-256"), "sha-256");
  EXPECT_EQ(printable_ascii("a\x1b\xc3\xa9~"), "a???~");
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
