// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "orchestrator/base/this_machine.hpp"

namespace lab::base {
namespace {

TEST(Host, IsOneShortLine) {
  EXPECT_EQ(host_in_words(2, "AMD EPYC 7B13"), "2 x AMD EPYC 7B13");
  EXPECT_EQ(host_in_words(12, "Intel(R) Xeon(R) CPU \t        X5650  @ 2.67GHz  "),
            "12 x Intel(R) Xeon(R) CPU X5650 @ 2.67GHz");
  EXPECT_EQ(host_in_words(1, "a\nb\x1b[31m\xc3\xa4\x7f"), "1 x a?b?[31m???");
  EXPECT_EQ(host_in_words(2, std::string(1000, 'a')).size(), 128u);
  EXPECT_EQ(host_in_words(2, ""), "");
  EXPECT_EQ(host_in_words(2, "  "), "");
}

TEST(ThisMachine, HasAKernelAndFlagsThatAreWholeWords) {
  EXPECT_NE(running_kernel(), "");
  EXPECT_TRUE(cpu_has("fpu"));
  EXPECT_FALSE(cpu_has("fp"));
  EXPECT_EQ(cpu_field("no such field"), "");
}

}  // namespace
}  // namespace lab::base
