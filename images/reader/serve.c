/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "command.h"
#include "text.h"

struct service {
	int fd;
	struct leaves *leaves;
	bool svm;
	char vendor[13];
	size_t have;		/* bytes of requests not yet taken */
	char requests[3 * COMMAND_LIMIT + 256];
	char command[COMMAND_LIMIT + 1], input[COMMAND_LIMIT + 1], background[COMMAND_LIMIT + 1];
	struct text line;
	struct snapshot before, after;
	struct command_result result;
};

static struct service service;	/* large, and there is only one */

static bool send_all(struct service *s, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = write(s->fd, bytes, length);

		if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
			usleep(10000);
			continue;
		}
		if (count < 0)
			return false;
		bytes += count;
		length -= (size_t)count;
	}
	return true;
}

static bool send_line(struct service *s)
{
	text_add(&s->line, "\n");
	if (s->line.cut)
		fprintf(stderr, "lab-reader: an answer was too long\n");
	return send_all(s, s->line.bytes, s->line.length);
}

/* Sends an answer that contains one text. */
static bool send_text(struct service *s, const char *event, uint32_t id, const char *key,
		      const char *value)
{
	text_clear(&s->line);
	text_add(&s->line, "{\"event\":\"%s\",\"id\":%u,\"%s\":", event, id, key);
	text_add_json_string(&s->line, value, strlen(value));
	text_add(&s->line, "}");
	return send_line(s);
}

static bool send_error(struct service *s, uint32_t id, const char *message)
{
	return send_text(s, "error", id, "message", message);
}

static void snapshot_now(struct service *s, struct snapshot *snapshot)
{
	take_snapshot_here(s->leaves, s->svm, snapshot);
}

static bool send_ready(struct service *s)
{
	struct utsname system;

	if (s->leaves->layout == EXIT_LAYOUT_COUNT)
		return send_error(s, 0, "no exit counters: the leaves 0x4ffffffb to 0x4fffffff "
					"answer as with a stock KVM");
	uname(&system);
	snapshot_now(s, &s->after);
	text_clear(&s->line);
	text_add(&s->line, "{\"event\":\"ready\",\"protocol\":%d,\"reader\":\"%s\",\"kernel\":",
		 READER_PROTOCOL, READER_VERSION);
	text_add_json_string(&s->line, system.release, strlen(system.release));
	text_add(&s->line, ",\"vendor\":");
	text_add_json_string(&s->line, s->vendor, strlen(s->vendor));
	text_add(&s->line, ",\"vcpus\":%ld,\"layout\":\"%s\",\"snapshot\":",
		 sysconf(_SC_NPROCESSORS_ONLN), layout_name(s->leaves->layout));
	text_add_snapshot(&s->line, &s->after);
	text_add(&s->line, "}");
	return send_line(s);
}

/* Sends a step; `load` is the exit code of a load that ended before its time, or -1. */
static bool send_step(struct service *s, uint32_t id, int load)
{
	const struct command_result *r = &s->result;

	text_clear(&s->line);
	text_add(&s->line, "{\"event\":\"step\",\"id\":%u,\"before\":", id);
	text_add_snapshot(&s->line, &s->before);
	text_add(&s->line, ",\"after\":");
	text_add_snapshot(&s->line, &s->after);
	if (r->signal)
		text_add(&s->line, ",\"signal\":%d", r->signal);
	else
		text_add(&s->line, ",\"exit_code\":%d", r->exit_code);
	if (load >= 0)
		text_add(&s->line, ",\"background_exit_code\":%d", load);
	text_add(&s->line, ",\"times\":%u,\"cut\":%s", r->times, r->cut ? "true" : "false");
	text_add(&s->line, ",\"seconds\":%.6f,\"output_bytes\":%llu,\"output_truncated\":%s,\"output\":",
		 r->seconds, (unsigned long long)r->output_bytes,
		 r->output_bytes > r->kept ? "true" : "false");
	text_add_json_string(&s->line, r->output, r->kept);
	text_add(&s->line, "}");
	return send_line(s);
}

static bool do_run(struct service *s, const struct request *request)
{
	const struct command command = { .text = s->command,
					 .input = s->input,
					 .input_length = request->input,
					 .times = request->times,
					 .milliseconds = request->milliseconds };
	pid_t load = request->background ? start_load(s->background) : 0;
	int error = 0, load_exit = -1;

	if (load < 0)
		return send_error(s, request->id, strerror(errno));
	/* The host gets this snapshot only with the next one, and reads its causes then. */
	s->leaves->mark = true;
	snapshot_now(s, &s->before);
	s->leaves->mark = false;
	if (!run_command(&command, &s->result))
		error = errno;
	else
		snapshot_now(s, &s->after);
	if (load > 0)
		load_exit = end_load(load);
	return error ? send_error(s, request->id, strerror(error)) :
		       send_step(s, request->id, load_exit);
}

static bool do_snapshot(struct service *s, uint32_t id)
{
	snapshot_now(s, &s->after);
	text_clear(&s->line);
	text_add(&s->line, "{\"event\":\"snapshot\",\"id\":%u,\"snapshot\":", id);
	text_add_snapshot(&s->line, &s->after);
	text_add(&s->line, "}");
	return send_line(s);
}

/* Waits for at least `wanted` bytes of input; returns false where the port is gone. */
static bool need_input(struct service *s, size_t wanted)
{
	while (s->have < wanted) {
		ssize_t count = read(s->fd, s->requests + s->have, sizeof(s->requests) - s->have);

		if (count > 0)
			s->have += (size_t)count;
		else if (count == 0 || errno == EAGAIN)
			usleep(100000);	/* the host is not connected */
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static void take_input(struct service *s, size_t count)
{
	memmove(s->requests, s->requests + count, s->have - count);
	s->have -= count;
}

/* Takes the next bytes of the port, and puts a zero behind them. */
static bool take_bytes(struct service *s, char *to, size_t count)
{
	if (!need_input(s, count))
		return false;
	memcpy(to, s->requests, count);
	to[count] = '\0';
	take_input(s, count);
	return true;
}

/* Takes the next request; the beginning of a line that is too long is dropped. */
static bool next_request(struct service *s, struct request *request)
{
	char *end = NULL;

	while (!(end = memchr(s->requests, '\n', s->have))) {
		if (s->have == sizeof(s->requests))
			take_input(s, s->have);
		if (!need_input(s, s->have + 1))
			return false;
	}
	*end = '\0';
	*request = strlen(s->requests) == (size_t)(end - s->requests) ?
			   parse_request(s->requests) : (struct request){ .kind = REQUEST_BAD };
	take_input(s, (size_t)(end - s->requests) + 1);
	return request->kind != REQUEST_RUN || (take_bytes(s, s->command, request->length) &&
						take_bytes(s, s->input, request->input) &&
						take_bytes(s, s->background, request->background));
}

static bool send_symbols(struct service *s, uint32_t id, const struct symbol *symbols, size_t count)
{
	bool ok = true;

	for (size_t from = 0; ok && from < count;) {
		size_t added;

		text_clear(&s->line);
		text_add(&s->line, "{\"event\":\"symbols\",\"id\":%u,\"from\":%zu,\"symbols\":", id,
			 from);
		added = text_add_symbols(&s->line, symbols + from, count - from);
		from += added;
		text_add(&s->line, ",\"more\":%s}", from < count ? "true" : "false");
		ok = send_line(s);
	}
	return ok;
}

static bool send_hidden(struct service *s, uint32_t id, const char *why)
{
	return send_text(s, "symbols", id, "hidden", why);
}

/*
 * The memory is allocated only now: it would otherwise be locked from the beginning, and
 * its pages would cause exits of the boot.
 */
static bool do_symbols(struct service *s, const struct request *request)
{
	size_t size = SYMBOLS_LIMIT * sizeof(struct symbol), count = 0;
	struct symbol *symbols;
	const char *hidden;
	bool ok;

	if (!need_input(s, request->length))
		return false;
	symbols = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (symbols != MAP_FAILED)
		count = parse_addresses(s->requests, request->length, symbols);
	take_input(s, request->length);
	if (symbols == MAP_FAILED)
		return send_hidden(s, request->id, "no memory for them");
	hidden = count ? find_symbols("/proc/kallsyms", symbols, count) : NULL;
	if (count == 0)
		ok = send_error(s, request->id, "the addresses do not ascend, or are none");
	else
		ok = hidden ? send_hidden(s, request->id, hidden) :
			      send_symbols(s, request->id, symbols, count);
	munmap(symbols, size);
	return ok;
}

/* Runs a command of systemd; returns false where there is no systemd or the command fails. */
static bool ask_systemd(const char *command)
{
	return access("/run/systemd/system", F_OK) == 0 && system(command) == 0;
}

static void power_off(struct service *s)
{
	text_clear(&s->line);
	text_add(&s->line, "{\"event\":\"bye\"}");
	send_line(s);
	/* Without systemd the program that started the reader goes on from here. */
	if (!ask_systemd("systemctl --no-block poweroff"))
		sync();
}

static void restart(void)
{
	if (ask_systemd("systemctl --no-block reboot"))
		return;
	sync();
	if (reboot(RB_AUTOBOOT) != 0)
		perror("lab-reader: reboot");
}

static int answer_requests(struct service *s)
{
	struct request request;
	bool ok = send_ready(s);

	while (ok && next_request(s, &request)) {
		switch (request.kind) {
		case REQUEST_RUN:
			ok = do_run(s, &request);
			break;
		case REQUEST_SNAPSHOT:
			ok = do_snapshot(s, request.id);
			break;
		case REQUEST_SYMBOLS:
			ok = do_symbols(s, &request);
			break;
		case REQUEST_POWEROFF:
			power_off(s);
			return 0;
		case REQUEST_REBOOT:
			restart();
			return 0;
		default:
			ok = send_error(s, 0, "unknown request");
		}
	}
	return 1;
}

int serve(const char *port, struct leaves *leaves)
{
	struct service *s = &service;

	s->leaves = leaves;
	s->svm = is_svm(leaves->cpuid, s->vendor);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	/* udev makes the port's name, perhaps only after this service has started. */
	while ((s->fd = open(port, O_RDWR | O_CLOEXEC)) < 0)
		usleep(50000);
	return answer_requests(s);
}
