// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/beside.hpp"

#include <gmock/gmock.h>

#include <atomic>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/error.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/process/subprocess.hpp"

namespace lab::base {
namespace {

TEST(Beside, IsDoneAfterWaiting) {
  bool done = false;
  Beside work([&] { done = true; });
  work.wait();
  EXPECT_TRUE(done);
}

TEST(Beside, ThrowsWhatTheWorkThrew) {
  Beside work([] { throw user_error("no such image"); });
  EXPECT_THROW(work.wait(), Error);
}

// A caller that fails does not wait for a program that runs for an hour, and leaves none behind.
TEST(Beside, EndsAProgramWhereTheCallerGoesWithoutIt) {
  std::atomic<bool> ended = false;
  const Stopwatch watch;
  {
    const Beside work([&] {
      try {
        run({.argv = {"sleep", "3600"}});
      } catch (const Error& error) {
        ended = error.kind() == ErrorKind::interrupted;
      }
    });
    sleep_interruptibly(0.1);
  }
  EXPECT_TRUE(ended);
  EXPECT_LT(watch.seconds(), 30);
  EXPECT_FALSE(interrupted()) << "the caller's own thread goes on";
}

}  // namespace
}  // namespace lab::base
