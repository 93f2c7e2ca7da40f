/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

/* Until every process that has the pipe open is gone. */
static void read_output(int fd, struct command_result *r)
{
	for (;;) {
		ssize_t count = read(fd, r->output + r->kept, sizeof(r->output) - r->kept);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return;
		keep(r, (size_t)count);
	}
}

static void become_command(const char *command, int out)
{
	int null = open("/dev/null", O_RDONLY);

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

bool run_command(const char *command, struct command_result *r)
{
	double start = now();
	int ends[2], status;
	pid_t pid;

	memset(r, 0, sizeof(*r));
	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		become_command(command, ends[1]);
	close(ends[1]);
	if (pid > 0)
		read_output(ends[0], r);
	close(ends[0]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	r->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->seconds = now() - start;
	return true;
}
