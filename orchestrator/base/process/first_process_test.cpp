// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/first_process.hpp"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

namespace lab::base {
namespace {

// Runs `work` in a process 1 and keeps its exit status. Ordinary users need a user namespace for
// that.
class FirstProcess {
 public:
  explicit FirstProcess(const std::function<int()>& work) {
    const unsigned long user = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
    pid_ = static_cast<pid_t>(
        ::syscall(SYS_clone, CLONE_NEWPID | user | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (pid_ != 0) return;
    ::alarm(30);
    leave_first_process();
    ::alarm(30);
    ::_exit(work());
  }
  pid_t pid() const { return pid_; }
  int exit_code() const {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

bool is_gone_soon(pid_t process) {
  for (int i = 0; i < 500; ++i, ::usleep(10'000))
    if (::kill(process, 0) != 0 && errno == ESRCH) return true;
  return false;
}

TEST(LeaveFirstProcess, CollectsTheProcessesThatAreLeftToIt) {
  const FirstProcess first([] {
    int ends[2];
    if (::pipe(ends) != 0) return 2;
    const pid_t parent = ::fork();
    if (parent == 0) {
      const pid_t orphan = ::fork();
      if (orphan == 0) ::_exit(0);
      ::_exit(::write(ends[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
    }
    pid_t orphan = 0;
    if (::waitpid(parent, nullptr, 0) != parent) return 3;
    if (::read(ends[0], &orphan, sizeof orphan) != sizeof orphan) return 4;
    return is_gone_soon(orphan) ? 7 : 8;
  });
  EXPECT_EQ(first.exit_code(), 7);
}

TEST(LeaveFirstProcess, EndsAsTheChildDoes) {
  EXPECT_EQ(FirstProcess([] { return 5; }).exit_code(), 5);
  EXPECT_EQ(FirstProcess([] { return ::raise(SIGKILL); }).exit_code(), 128 + SIGKILL);
}

TEST(LeaveFirstProcess, PassesSignalsOn) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const FirstProcess first([&] {
    ::signal(SIGTERM, [](int) { ::_exit(9); });
    if (::write(ready[1], "x", 1) != 1) return 2;
    while (true) ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(::kill(first.pid(), SIGTERM), 0);
  EXPECT_EQ(first.exit_code(), 9);
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace lab::base
