/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void keep(struct command_result *r, size_t count)
{
	r->output_bytes += count;
	r->kept += count;
	if (r->kept > OUTPUT_KEPT) {
		memmove(r->output, r->output + (r->kept - OUTPUT_KEPT), OUTPUT_KEPT);
		r->kept = OUTPUT_KEPT;
	}
}

/* Returns the milliseconds until the end, for poll(); -1 if there is no end. */
static int left(double end)
{
	double rest = (end - now()) * 1000;

	return end == 0 ? -1 : rest <= 0 ? 0 : rest > 1e9 ? 1000000000 : (int)rest + 1;
}

static bool read_some(int fd, struct command_result *r)
{
	ssize_t count;

	do
		count = read(fd, r->output + r->kept, sizeof(r->output) - r->kept);
	while (count < 0 && errno == EINTR);
	if (count > 0)
		keep(r, (size_t)count);
	return count > 0;
}

/* Reads until every process that has the pipe open is gone (true) or the end has come (false). */
static bool read_until(int fd, double end, struct command_result *r)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	for (;;) {
		int n = poll(&ready, 1, left(end));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || left(end) == 0)
			return false;
		if (!read_some(fd, r))
			return true;
	}
}

/* Returns whether the process has ended; wait_for() can still have its status. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/*
 * Reads until the shell is gone: what it started in the background may go on, and
 * has the pipe open. What is in the pipe then is still read, but no more than
 * that, as such a process may print for ever. SIGCHLD, which only ppoll() lets in
 * here, says when to look: pidfd_open() is not there before Linux 5.3.
 */
static void read_until_gone(int fd, pid_t pid, struct command_result *r)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	uint64_t before;
	sigset_t waiting;
	int rest = 0;
	bool gone;

	sigprocmask(SIG_SETMASK, NULL, &waiting);
	sigdelset(&waiting, SIGCHLD);
	for (;;) {
		int n = ppoll(&ready, 1, NULL, &waiting);

		gone = has_ended(pid);
		if (gone || (n > 0 && !read_some(fd, r)))
			break;
	}
	if (gone && ioctl(fd, FIONREAD, &rest) == 0) {
		before = r->output_bytes;
		while (r->output_bytes - before < (uint64_t)rest && read_some(fd, r))
			;
	}
}

static void take_notice(int number)
{
	(void)number;
}

/* How a process takes SIGCHLD. */
struct taking {
	struct sigaction action;
	sigset_t mask;
};

/* Holds SIGCHLD back, so that none is lost before ppoll() waits for it. */
static void hold_sigchld(struct taking *before)
{
	struct sigaction notice = { .sa_handler = take_notice };
	sigset_t sigchld;

	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &sigchld, &before->mask);
	sigaction(SIGCHLD, &notice, &before->action);
}

static void take_sigchld_as(const struct taking *before)
{
	sigaction(SIGCHLD, &before->action, NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static void become_shell(const char *text, int in, int out)
{
	setsid();
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

/* Opens the input as a file without a name: unlike a pipe it takes all at once, read or not. */
static int open_input(const struct command *c)
{
	size_t done = 0;
	int fd;

	if (c->input_length == 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && done < c->input_length) {
		ssize_t count = write(fd, c->input + done, c->input_length - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)count;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Kills the process itself, too, as it may not have made its group yet. */
static void kill_group(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Starts the command; returns its process, or -1. Its output comes from *out. */
static pid_t start(const struct command *c, const struct taking *before, int *out)
{
	int ends[2], in = open_input(c);
	pid_t pid = -1;

	if (in < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) == 0) {
		pid = fork();
		if (pid == 0) {
			take_sigchld_as(before);
			become_shell(c->text, in, ends[1]);
		}
		close(ends[1]);
		if (pid > 0)
			*out = ends[0];
		else
			close(ends[0]);
	}
	close(in);
	return pid;
}

static bool run_once(const struct command *c, double end, struct command_result *r)
{
	int out = -1, status;
	struct taking before;
	pid_t pid;

	hold_sigchld(&before);
	pid = start(c, &before, &out);
	if (pid < 0) {
		take_sigchld_as(&before);
		return false;
	}
	if (end == 0)
		read_until_gone(out, pid, r);
	else
		r->cut = !read_until(out, end, r);
	if (r->cut)
		kill_group(pid);
	close(out);
	status = wait_for(pid);
	take_sigchld_as(&before);
	r->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->times += !r->cut;
	return true;
}

bool run_command(const struct command *c, struct command_result *r)
{
	double begin = now(), end = c->milliseconds ? begin + c->milliseconds / 1e3 : 0;
	bool ok = true;

	memset(r, 0, sizeof(*r));
	while (ok && !r->cut && r->times < c->times && r->exit_code == 0) {
		if (left(end) == 0)
			r->cut = true;
		else
			ok = run_once(c, end, r);
	}
	r->seconds = now() - begin;
	return ok;
}

pid_t start_load(const char *text)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = null < 0 ? -1 : fork();

	if (pid == 0)
		become_shell(text, null, null);
	if (null >= 0)
		close(null);
	return pid;
}

int end_load(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid) {
		kill(-pid, SIGKILL);	/* what it left behind */
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	kill_group(pid);
	wait_for(pid);
	return -1;
}
