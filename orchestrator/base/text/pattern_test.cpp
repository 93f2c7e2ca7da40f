// SPDX-License-Identifier: MIT
#include "orchestrator/base/text/pattern.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

using testing::ElementsAre;

TEST(Pattern, MatchesTheWholeText) {
  const Pattern series("([0-9]+)\\.([0-9]+)(-rc)?");
  EXPECT_TRUE(series.matches("6.12"));
  EXPECT_FALSE(series.matches("6.12 "));
  EXPECT_THAT(series.groups("6.12"), ElementsAre("6.12", "6", "12", ""));
  EXPECT_THAT(series.groups("6"), ElementsAre());
}

TEST(Pattern, IsFoundWithinTheText) {
  const Pattern digits("[0-9]+");
  EXPECT_EQ(digits.find("ab12"), 2u);
  EXPECT_EQ(digits.find("ab"), std::string::npos);
  EXPECT_EQ(Pattern("<(.)>").replace("<a><b>c", "$1."), "a.b.c");
}

TEST(Pattern, IsRefusedWhereItIsNone) {
  EXPECT_THROW(Pattern("["), Error);
}

}  // namespace
}  // namespace lab::base
