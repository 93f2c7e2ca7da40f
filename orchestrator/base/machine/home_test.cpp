// SPDX-License-Identifier: MIT
#include "orchestrator/base/machine/home.hpp"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace lab::base {
namespace {

class Home : public testing::Test {
 protected:
  ~Home() override {
    if (before_.empty())
      ::unsetenv("HOME");
    else
      ::setenv("HOME", before_.c_str(), 1);
  }

 private:
  const std::string before_ = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
};

TEST_F(Home, IsWhatTheEnvironmentSays) {
  ::setenv("HOME", "/somewhere", 1);
  EXPECT_EQ(home_folder(), "/somewhere");
}

// As in services and cron's jobs; an empty or relative one is none.
TEST_F(Home, IsTheAccountsWhereTheEnvironmentNamesNone) {
  const bool root = ::geteuid() == 0;
  const passwd* account = root ? ::getpwnam("nobody") : ::getpwuid(::geteuid());
  ASSERT_NE(account, nullptr);
  const std::string home = account->pw_dir;  // getpwuid() uses the same place again
  if (root) {
    ASSERT_EQ(::seteuid(account->pw_uid), 0);
  }
  ::unsetenv("HOME");
  EXPECT_EQ(home_folder(), home);
  for (const char* none : {"", "home/me"}) {
    ::setenv("HOME", none, 1);
    EXPECT_EQ(home_folder(), home) << none;
  }
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

}  // namespace
}  // namespace lab::base
