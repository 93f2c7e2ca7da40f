// SPDX-License-Identifier: MIT
#include "orchestrator/bisect/log.hpp"

#include <gmock/gmock.h>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"

namespace lab::bisect {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() { std::filesystem::remove(file_); }
  ~LogTest() override { std::filesystem::remove(file_); }

  const std::filesystem::path file_ = std::filesystem::temp_directory_path() /
                                      ("lab-bisect-" + std::to_string(::getpid()) + ".json");
};

const Log some{
    .request = {.scenario = "quick",
                .source = "/home/me/linux",
                .good = "v6.12",
                .bad = "v6.13",
                .subject = "boot: MSR",
                .find_fix = true,
                .site = "svm",
                .set = {"image=tiny"},
                .repeat = 2},
    .entries = {{.id = "a",
                 .answer = Answer::old_state,
                 .exits = 8872.0,
                 .records = {"r1"},
                 .content = "k1"},
                {.id = "b", .answer = Answer::skipped, .note = "does not build: \"x\""},
                {.id = "c", .answer = Answer::new_state, .content = "k1", .note = "as a"}}};

TEST_F(LogTest, ComesBackAsItWas) {
  write_log(file_, some);
  EXPECT_EQ(read_log(file_), some);
}

TEST_F(LogTest, NoneAndADamagedOneAreTheUsersErrors) {
  EXPECT_THROW(read_log(file_), base::Error);
  for (const char* text : {"", "{", "{}", "[]", R"({"request": 1, "entries": []})"}) {
    base::write_file(file_, text);
    try {
      read_log(file_);
      ADD_FAILURE() << text;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.kind(), base::ErrorKind::user) << text;
      EXPECT_THAT(error.what(), testing::HasSubstr(file_.string())) << text;
    }
  }
}

TEST(Log, AnEqualContentThatWasRunHasTheAnswer) {
  ASSERT_NE(some.find_content("k1"), nullptr);
  EXPECT_EQ(some.find_content("k1")->id, "a");
  EXPECT_EQ(some.find_content(""), nullptr) << "what was not built has no content";
  EXPECT_EQ(some.find_content("k2"), nullptr);
  EXPECT_EQ(some.find("c")->note, "as a");
}

}  // namespace
}  // namespace lab::bisect
