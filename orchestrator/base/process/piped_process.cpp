// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/piped_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "orchestrator/base/text.hpp"

namespace lab::base {
namespace {

constexpr std::size_t errors_kept = 4096;  // bytes
constexpr double patience = 30;            // seconds, for outer VMs to end

ChildOptions piped() {
  return {.input = true, .death_signal = SIGTERM};
}

}  // namespace

PipedProcess::PipedProcess(const Command& command) : child_(start_child(command, piped())) {
  for (const Fd* fd : {&child_.input, &child_.output, &child_.errors})
    ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
}

PipedProcess::~PipedProcess() {
  child_.input.reset();
  while (!ending()) ::usleep(20'000);
  // A child that it left in its group is of no more use.
  ::kill(-child_.pid, SIGKILL);
  while (::waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void PipedProcess::flush() {
  while (child_.input && !unsent_.empty()) {
    const ssize_t count = ::write(child_.input.get(), unsent_.data(), unsent_.size());
    if (count > 0)
      unsent_.erase(0, static_cast<std::size_t>(count));
    else if (errno == EAGAIN)
      return;
    else if (errno != EINTR)
      child_.input.reset();  // it reads no more; ended() notices its end
  }
  if (!child_.input) unsent_.clear();
}

void PipedProcess::read_errors() {
  std::array<char, 4096> buffer{};
  while (child_.errors) {
    const ssize_t count = ::read(child_.errors.get(), buffer.data(), buffer.size());
    if (count > 0)
      errors_.append(buffer.data(), static_cast<std::size_t>(count));
    else if (count == 0 || errno != EINTR) {
      if (count == 0 || errno != EAGAIN) child_.errors.reset();
      break;
    }
    if (errors_.size() > 2 * errors_kept) {
      errors_.erase(0, errors_.size() - errors_kept);
      break;  // bounded: a flood must not starve other work
    }
  }
}

void PipedProcess::end() {
  child_.input.reset();
  if (told_) return;
  told_ = true;
  since_told_.restart();
  terminate();
}

// A stopped process handles the signal only after SIGCONT.
void PipedProcess::terminate() {
  terminated_ = true;  // a second one would end a lab at once
  ::kill(-child_.pid, SIGTERM);
  ::kill(-child_.pid, SIGCONT);
}

bool PipedProcess::ending() {
  if (ended()) return true;
  read_errors();
  if (!told_) {
    // It waits for the end of its input; the signal comes later and is for programs between, as
    // ssh.
    child_.input.reset();
    told_ = true;
    since_told_.restart();
  }
  if (since_told_.seconds() > patience / 2) terminate();
  if (since_told_.seconds() > patience && !killed_) {
    ::kill(-child_.pid, SIGKILL);
    killed_ = true;
  }
  return false;
}

std::string PipedProcess::last_words() {
  read_errors();
  siginfo_t info{};
  std::string how = "ended";
  if (::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid != 0)
    how = (info.si_code == CLD_EXITED ? "exit code " : "ended by signal ") +
          std::to_string(info.si_status);
  const std::string said(tail(errors_, errors_kept));
  return said.empty() ? how : how + ": " + said;
}

}  // namespace lab::base
