// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/piped_process.hpp"

#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

std::string read_all(int fd) {
  std::string text;
  std::array<char, 256> buffer{};
  for (int waits = 0; waits < 100;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) break;
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
      continue;
    }
    pollfd one{fd, POLLIN, 0};
    ::poll(&one, 1, 100);
    ++waits;
  }
  return text;
}

bool ends_soon(PipedProcess& process) {
  for (int i = 0; i < 500 && !process.ending(); ++i) ::usleep(10'000);
  return process.ended();
}

TEST(PipedProcess, TakesItsInputAndGivesItsOutput) {
  PipedProcess process({.argv = {"cat"}});
  const Fd output = process.take_output();
  process.write("hello");
  process.flush();
  EXPECT_FALSE(process.has_unsent());
  EXPECT_TRUE(ends_soon(process));  // because its input ends
  EXPECT_EQ(read_all(output.get()), "hello");
  EXPECT_EQ(process.last_words(), "exit code 0");
}

TEST(PipedProcess, KeepsWhatIsNotTakenYet) {
  PipedProcess process({.argv = {"sleep", "60"}});
  process.write(std::string(1 << 20, 'x'));
  process.flush();
  EXPECT_TRUE(process.has_unsent());
  process.end();
  EXPECT_TRUE(ends_soon(process));
  EXPECT_EQ(process.last_words(), "ended by signal 15");
}

TEST(PipedProcess, SaysWhatItEndedWith) {
  ::signal(SIGPIPE, SIG_IGN);  // as lab does
  PipedProcess process({.argv = {"sh", "-c", "echo no route >&2; exit 255"}});
  EXPECT_TRUE(ends_soon(process));
  EXPECT_EQ(process.last_words(), "exit code 255: no route");
  process.write("too late");
  process.flush();
  EXPECT_FALSE(process.has_unsent());
}

TEST(PipedProcess, EndsWholeGroups) {
  PipedProcess process({.argv = {"sh", "-c", "sleep 60; true"}});
  process.end();
  EXPECT_TRUE(ends_soon(process));
}

TEST(PipedProcess, ThatCannotStartIsAnError) {
  EXPECT_THROW(PipedProcess({.argv = {"no-such-program"}}), Error);
}

}  // namespace
}  // namespace lab::base
