// SPDX-License-Identifier: MIT
#include "orchestrator/base/process/child.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "orchestrator/base/error.hpp"

namespace lab::base {
namespace {

struct Pipe {
  Fd read, write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw errno_error("make", "pipe", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> merged_environment(const Command& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (command.environment.count(text.substr(0, text.find('='))) == 0) result.push_back(text);
  }
  for (const auto& [name, value] : command.environment) result.push_back(name + "=" + value);
  return result;
}

// Runs in the child, after fork, and makes only async-signal-safe calls.
[[noreturn]] void become(char** argv, char** environment, const char* folder, int in, int out,
                         int err, int failure, pid_t parent, int death_signal) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (folder[0] == '\0' || ::chdir(folder) == 0) ::execvpe(argv[0], argv, environment);
  const int error = errno;
  (void)!::write(failure, &error, sizeof(error));
  ::_exit(127);
}

// Says whether this process may make the namespaces of a contained command. Root may not in a
// container that is not privileged, where no mount is left behind, either.
bool may_contain() {
  if (::geteuid() != 0) return false;
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(::unshare(CLONE_NEWNS | CLONE_NEWPID) == 0 ? 0 : 1);
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && status == 0;
}

// A contained command gets mount and PID namespaces of its own: mmdebstrap leaves mounts behind
// when it is killed.
std::vector<std::string> contained_argv(const Command& command) {
  if (!command.contained || !may_contain()) return command.argv;
  std::vector<std::string> words{"unshare", "--mount",      "--pid",
                                 "--fork",  "--kill-child", "--mount-proc"};
  words.insert(words.end(), command.argv.begin(), command.argv.end());
  return words;
}

}  // namespace

Child start_child(const Command& command, const ChildOptions& options) {
  std::vector<std::string> words = contained_argv(command);
  std::vector<std::string> variables = merged_environment(command);
  std::vector<char*> argv = pointers(words);
  std::vector<char*> environment = pointers(variables);
  const std::string folder = command.folder.string();
  Pipe out = make_pipe(), err = make_pipe(), failure = make_pipe();
  Pipe in;
  if (options.input)
    in = make_pipe();
  else
    in.read = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw errno_error("start", words[0], errno);
  if (pid == 0)
    become(argv.data(), environment.data(), folder.c_str(), in.read.get(), out.write.get(),
           err.write.get(), failure.write.get(), parent, options.death_signal);
  failure.write.reset();
  int error = 0;
  ssize_t count = 0;
  while ((count = ::read(failure.read.get(), &error, sizeof(error))) < 0 && errno == EINTR) {
  }
  if (count == sizeof(error)) {
    ::waitpid(pid, nullptr, 0);
    throw infrastructure_error("start '" + words[0] + "': " + std::strerror(error),
                               error == ENOENT ? "lab doctor names the missing packages" : "");
  }
  return {pid, std::move(in.write), std::move(out.read), std::move(err.read)};
}

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid != 0;
}

}  // namespace lab::base
