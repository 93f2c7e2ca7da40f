/* SPDX-License-Identifier: MIT */
/* Runs a shell command and keeps the end of what it prints. */
#ifndef READER_COMMAND_H
#define READER_COMMAND_H

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct command_result {
	int exit_code;		/* -1 where a signal ended it */
	int signal;
	double seconds;
	uint64_t output_bytes;	/* all that it printed */
	size_t kept;
	char output[2 * OUTPUT_KEPT];	/* the last OUTPUT_KEPT bytes at most count */
};

/* False where no process could be started (errno says why). */
bool run_command(const char *command, struct command_result *result);

#ifdef __cplusplus
}
#endif
#endif
