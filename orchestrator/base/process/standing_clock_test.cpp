// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/standing_clock.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

// Ends the process with 0 where StandingClock says what it lacks. Only root may use ports.
void stop_the_clock_as_nobody() {
  constexpr uid_t nobody = 65534;
  if (::geteuid() == 0 && ::setuid(nobody) != 0) std::exit(2);
  try {
    const StandingClock clock(true);
  } catch (const Error& error) {
    const bool says_it = error.kind() == ErrorKind::infrastructure &&
                         std::string(error.what()).find("ioperm") != std::string::npos;
    std::exit(says_it ? 0 : 3);
  }
  std::exit(1);
}

TEST(StandingClock, SaysThatItCannotReachThePort) {
  EXPECT_EXIT(stop_the_clock_as_nobody(), testing::ExitedWithCode(0), "");
}

TEST(StandingClock, AsksForNothingWhereItIsNotAsked) {
  EXPECT_NO_THROW(const StandingClock clock(false));
}

}  // namespace
}  // namespace lab::base
