// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/terminal.hpp"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>

#include "orchestrator/base/fd.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::terminal {
namespace {

// A terminal in the place of standard error.
class OnATerminal : public testing::Test {
 protected:
  OnATerminal() : before_(::dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
    far_ = base::Fd(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~OnATerminal() override { ::dup2(before_.get(), STDERR_FILENO); }

 private:
  base::Fd before_, far_;
};

TEST_F(OnATerminal, OnlyOneThatKnowsEscapesGetsALiveDisplay) {
  ::setenv("TERM", "xterm-256color", 1);
  EXPECT_EQ(Progress::fitting(), Progress::Mode::terminal);
  ::setenv("TERM", "dumb", 1);
  EXPECT_EQ(Progress::fitting(), Progress::Mode::lines);
  ::unsetenv("TERM");
  EXPECT_EQ(Progress::fitting(), Progress::Mode::lines);
}

}  // namespace
}  // namespace lab::terminal
