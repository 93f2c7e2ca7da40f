/* SPDX-License-Identifier: MIT */
/* Runs shell commands: a measured one, whose output's end is kept, and a load beside it. */
#ifndef READER_COMMAND_H
#define READER_COMMAND_H

#include <sys/types.h>

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct command {
	const char *text;	/* for /bin/sh */
	const char *input;	/* its standard input, the same for each run; none: /dev/null */
	size_t input_length;
	uint32_t times;		/* one after the other until one fails */
	uint32_t milliseconds;	/* for all of them; 0: as long as they take */
};

struct command_result {
	int exit_code;		/* of the last run; -1 where a signal ended it */
	int signal;
	uint32_t times;		/* runs that ended by themselves */
	bool cut;		/* killed, with its process group, because the time was over */
	double seconds;
	uint64_t output_bytes;	/* all that it printed */
	size_t kept;
	char output[2 * OUTPUT_KEPT];	/* the last OUTPUT_KEPT bytes at most count */
};

/* Returns false where no process could be started (errno says why). */
bool run_command(const struct command *command, struct command_result *result);

/* Starts a load in a process group of its own, its output thrown away; -1 where that fails. */
pid_t start_load(const char *text);

/* Kills the load with its group; returns -1 if it still ran, else its exit code or 128 + signal. */
int end_load(pid_t pid);

#ifdef __cplusplus
}
#endif
#endif
