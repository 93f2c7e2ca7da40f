// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/subprocess.hpp"
#include "orchestrator/base/process/standing_clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/fd.hpp"
#include "orchestrator/base/process/child.hpp"
#include "orchestrator/base/process/interrupt.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::base {
namespace {

// Keeps the last `keep` bytes and passes whole lines to `on_line`.
class Collector {
 public:
  Collector(std::string& kept, std::size_t keep,
            const std::function<void(const std::string&)>* sink)
      : kept_(kept), keep_(keep), sink_(sink) {}

  void add(const char* bytes, std::size_t count) {
    kept_.append(bytes, count);
    if (kept_.size() > 2 * keep_) kept_.erase(0, kept_.size() - keep_);
    if (sink_ == nullptr || !*sink_) return;
    for (std::size_t i = 0; i < count; ++i) add_to_line(bytes[i]);
  }

  void finish() {
    if (kept_.size() > keep_) kept_.erase(0, kept_.size() - keep_);
    if (!line_.empty()) (*sink_)(line_);
  }

 private:
  void add_to_line(char byte) {
    if (byte == '\n' || byte == '\r') {
      if (!line_.empty()) (*sink_)(line_);
      line_.clear();
    } else if (line_.size() < 4096) {
      line_ += byte;
    }
  }

  std::string& kept_;
  std::size_t keep_;
  const std::function<void(const std::string&)>* sink_;
  std::string line_;
};

// Reads the available bytes; closes the descriptor at the end of the stream.
void drain(Fd& fd, Collector& collector) {
  std::array<char, 1 << 14> buffer{};
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count > 0) collector.add(buffer.data(), static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) fd.reset();
}

// Ends the whole group: by SIGTERM, then by SIGKILL.
void end_group(pid_t pid) {
  ::kill(-pid, SIGTERM);
  for (int i = 0; i < 100 && !has_ended(pid); ++i) ::usleep(20'000);
  ::kill(-pid, SIGKILL);
}

enum class Ended { by_itself, time_limit, interrupted };

// Reads until the process has ended and its output is read. A daemon that it left may hold the
// pipes open, and the process may close them and live on, so only its own end counts.
Ended collect(Child& child, const Command& command, Outcome& outcome) {
  Collector output(outcome.output, command.keep, nullptr);
  Collector errors(outcome.errors, command.keep, &command.on_line);
  const auto end = std::chrono::steady_clock::now() + command.limit;
  bool told = interrupted();  // then it starts all the same
  for (bool gone = false; !gone;) {
    if (interrupted() && !command.cleans_up) return Ended::interrupted;
    if (interrupted() && !std::exchange(told, true)) ::kill(child.pid, SIGTERM);
    if (std::chrono::steady_clock::now() > end) return Ended::time_limit;
    gone = has_ended(child.pid);
    for (bool more = true; more;) {
      std::array<pollfd, 2> fds{{{child.output.get(), POLLIN, 0}, {child.errors.get(), POLLIN, 0}}};
      ::poll(fds.data(), fds.size(), gone ? 0 : 20);
      if (fds[0].revents != 0) drain(child.output, output);
      if (fds[1].revents != 0) drain(child.errors, errors);
      more = gone && (fds[0].revents != 0 || fds[1].revents != 0);
    }
  }
  output.finish();
  errors.finish();
  return Ended::by_itself;
}

// Ends the child even where collecting ended by an exception of on_line.
class Reaper {
 public:
  explicit Reaper(pid_t pid) : pid_(pid) {}
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;
  ~Reaper() {
    if (pid_ > 0) reap(true);
  }

  int reap(bool kill) {
    if (kill) end_group(pid_);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

}  // namespace

struct Process::State {
  State(const Command& command)
      : child(start_child(command)), reaper(child.pid), keep(command.keep) {}

  Child child;
  Reaper reaper;
  std::size_t keep;
  std::string output;
};

Process::Process(const Command& command) : state_(std::make_unique<State>(command)) {
  for (const Fd* fd : {&state_->child.output, &state_->child.errors})
    ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
}

Process::~Process() = default;  // State's reaper ends it

bool Process::running() {
  const bool gone = has_ended(state_->child.pid);
  Collector collector(state_->output, state_->keep, nullptr);
  for (Fd* fd : {&state_->child.output, &state_->child.errors})
    if (*fd) drain(*fd, collector);
  return !gone;
}

pid_t Process::pid() const {
  return state_->child.pid;
}

const std::string& Process::output() const {
  return state_->output;
}

Outcome run(const Command& command) {
  const GoingClock waiting;
  Child child = start_child(command, {.death_signal = command.cleans_up ? SIGTERM : SIGKILL});
  Reaper reaper(child.pid);
  Outcome outcome;
  const Ended ended = collect(child, command, outcome);
  const int status = reaper.reap(ended != Ended::by_itself);
  if (ended == Ended::interrupted) throw_if_interrupted();
  outcome.timed_out = ended == Ended::time_limit;
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

std::string run_checked(const Command& command) {
  Outcome outcome = run(command);
  if (outcome.exit_code == 0) return std::move(outcome.output);
  std::string how = "exit code " + std::to_string(outcome.exit_code);
  if (outcome.signal != 0) how = "ended by signal " + std::to_string(outcome.signal);
  if (outcome.timed_out)
    how = "not done within " + std::to_string(command.limit.count() / 1000) + " s";
  const std::string what = "run '" + joined(command.argv) + "': " + how;
  const std::string said(tail(outcome.errors, 1200));
  throw Error(outcome.timed_out ? ErrorKind::timed_out : ErrorKind::infrastructure,
              said.empty() ? what : what + "\n" + said);
}

}  // namespace lab::base
