// SPDX-License-Identifier: MIT
#include "orchestrator/terminal/terminal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "orchestrator/base/clock.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/terminal/progress.hpp"

namespace lab::terminal {
namespace {

// Replaces standard error by a terminal.
class OnATerminal : public testing::Test {
 protected:
  OnATerminal() : before_(::dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr), 0);
    far_ = base::Fd(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~OnATerminal() override { close_near(); }

  int far() const { return far_.get(); }
  // Closes this end, so that reads at the other end return end of file.
  void close_near() { ::dup2(before_.get(), STDERR_FILENO); }

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

// In CI and behind `lab run 2>&1 | tee log`, TERM is often the terminal's at the other end.
TEST(NoTerminal, GetsLinesWithoutEscapeSequences) {
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::Fd far(ends[0]), output(::dup(STDOUT_FILENO)), errors(::dup(STDERR_FILENO));
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(ends[1], fd);
  ::close(ends[1]);
  const Progress::Mode mode = Progress::fitting();
  const bool colour = terminal_style().colour;
  {
    Progress progress;
    progress.expect({}, 100);
    progress.phase("outer VM");
    progress({.trial = "a#1",
              .what = trial::PhaseBegun{{record::Phase::Kind::step, "boot"}, ""},
              .lane = 1});
    progress({.trial = "a#1", .what = trial::Sample{.exits = 7}, .lane = 1});
    ::usleep(300'000);  // a live display draws every 0.2 s
    progress.clear();
  }
  ::dup2(output.get(), STDOUT_FILENO);
  ::dup2(errors.get(), STDERR_FILENO);
  std::string written(4096, '\0');
  written.resize(std::size_t(::read(far.get(), written.data(), written.size())));
  EXPECT_EQ(mode, Progress::Mode::lines);
  EXPECT_FALSE(colour);
  EXPECT_THAT(written, testing::MatchesRegex("lab: \\[[0-9:]+\\] outer VM\n"
                                             "lab: \\[[0-9:]+\\] a#1: boot\n"));
}

// Drawing each event of a thousand lanes would flood any terminal, and the line to it.
TEST_F(OnATerminal, ManyLanesAreDrawnAFewTimesASecond) {
  ::setenv("TERM", "xterm", 1);
  std::string drawn;
  std::jthread reader([&] {
    char bytes[4096];
    for (ssize_t got = 0; (got = ::read(far(), bytes, sizeof bytes)) > 0;)
      drawn.append(bytes, std::size_t(got));
  });
  constexpr unsigned lanes = 300;
  const base::Stopwatch watch;
  {
    Progress progress(Progress::Mode::terminal);
    for (int round = 0; round < 10; ++round)
      for (unsigned lane = 1; lane <= lanes; ++lane)
        progress({.trial = "a#" + std::to_string(lane),
                  .what = trial::PhaseBegun{{record::Phase::Kind::step, "boot"}, ""},
                  .lane = lane,
                  .node = "n" + std::to_string(lane)});
    ::usleep(300'000);
  }
  const double seconds = watch.seconds();
  close_near();
  reader.join();
  EXPECT_THAT(drawn, testing::HasSubstr("300 lanes: boot 300"));
  EXPECT_THAT(drawn, testing::HasSubstr("n1: 1 lane: boot 1"));
  EXPECT_LT(double(drawn.size()), 4000 * (15 * seconds + 2));  // one screen each tenth of a second
}

}  // namespace
}  // namespace lab::terminal
