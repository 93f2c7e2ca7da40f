// SPDX-License-Identifier: MIT
// A lane that plays a recorded stream again, with its own delays, for each piece of work of one
// trial: replay_lane FILE. The file's first line is a greeting; each other one is what a lane said,
// behind the milliseconds since its work began and a tab, with @TRIAL@, @SCENARIO@ and @ID@ in the
// places of names. Each lane is a node of its own. It is C, so that a thousand of them fit.
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { max_events = 4096, work_bytes = 1 << 16 };

struct event {
  long milliseconds;
  const char *text;
};

static struct event events[max_events];
static size_t event_count;
static char input[work_bytes];
static size_t input_length;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "replay_lane: %s\n", what);
  exit(1);
}

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Returns the next whole line of the input, or null where there is none until then. Ends the
// program with the input.
static char *line_until(long deadline) {
  static char line[work_bytes];
  for (;;) {
    char *end = memchr(input, '\n', input_length);
    if (end != NULL) {
      const size_t length = (size_t)(end - input);
      memcpy(line, input, length);
      line[length] = '\0';
      input_length -= length + 1;
      memmove(input, end + 1, input_length);
      return line;
    }
    const long left = deadline - now();
    if (left <= 0) return NULL;
    struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
    if (poll(&fd, 1, (int)left) <= 0) continue;
    const ssize_t got = read(STDIN_FILENO, input + input_length, sizeof input - input_length);
    if (got <= 0) exit(0);
    input_length += (size_t)got;
  }
}

// The value of "key":"VALUE" in a plan, as lab writes it.
static void value_of(const char *line, const char *key, char *to, size_t size) {
  char begin[64];
  snprintf(begin, sizeof begin, "\"%s\":\"", key);
  const char *at = strstr(line, begin);
  if (at == NULL) fail("a piece of work without a name");
  at += strlen(begin);
  const size_t length = strcspn(at, "\"");
  if (length >= size) fail("a name is too long");
  memcpy(to, at, length);
  to[length] = '\0';
}

static void print_filled(const char *text, const char *trial, const char *scenario,
                         const char *id) {
  for (;;) {
    const char *at = strchr(text, '@');
    if (at == NULL) break;
    fwrite(text, 1, (size_t)(at - text), stdout);
    if (strncmp(at, "@TRIAL@", 7) == 0) {
      fputs(trial, stdout);
      text = at + 7;
    } else if (strncmp(at, "@SCENARIO@", 10) == 0) {
      fputs(scenario, stdout);
      text = at + 10;
    } else if (strncmp(at, "@ID@", 4) == 0) {
      fputs(id, stdout);
      text = at + 4;
    } else {
      putchar('@');
      text = at + 1;
    }
  }
  fputs(text, stdout);
}

static void play(const char *work, const char *lane) {
  static unsigned done;
  char trial[256], scenario[256], id[64];
  value_of(work, "name", trial, sizeof trial);
  value_of(work, "scenario", scenario, sizeof scenario);
  snprintf(id, sizeof id, "20260101T000000.%03uZ-%04x%04x", done % 1000, (unsigned)atoi(lane),
           done & 0xffff);
  ++done;
  const long begun = now();
  for (size_t i = 0; i < event_count; ++i) {
    while (line_until(begun + events[i].milliseconds) != NULL) continue;
    print_filled(events[i].text, trial, scenario, id);
    fflush(stdout);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) fail("replay_lane FILE");
  const char *lane = getenv("LAB_LANE") != NULL ? getenv("LAB_LANE") : "1";
  FILE *file = fopen(argv[1], "r");
  if (file == NULL) fail("its file cannot be read");
  char *line = NULL;
  size_t size = 0;
  if (getline(&line, &size, file) < 0) fail("its file is empty");
  char node[32];
  snprintf(node, sizeof node, "node%s", lane);
  print_filled(line, node, "", "");
  fflush(stdout);
  for (ssize_t length; (length = getline(&line, &size, file)) > 0;) {
    char *tab = strchr(line, '\t');
    if (tab == NULL || event_count == max_events) fail("its file is none");
    events[event_count].milliseconds = atol(line);
    events[event_count].text = strdup(tab + 1);
    ++event_count;
  }
  fclose(file);
  const long for_ever = now() + 1000L * 3600 * 24;
  for (;;) {
    char *work = line_until(for_ever);
    if (work != NULL && strstr(work, "\"type\":\"work\"") != NULL) play(work, lane);
  }
}
