/* SPDX-License-Identifier: MIT */
/* Handles bounded text: a buffer that refuses to overflow, JSON of a snapshot, and requests. */
#ifndef READER_TEXT_H
#define READER_TEXT_H

#include "snapshot.h"
#include "symbols.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LINE_LIMIT (128u << 10)
#define COMMAND_LIMIT 65536u
#define OUTPUT_KEPT (16u << 10)
#define TIMES_LIMIT 1000000u
#define ADDRESSES_LIMIT (17u * SYMBOLS_LIMIT)
/* An answer's line has so many symbols; fewer where their names are long. */
#define SYMBOLS_PER_LINE 2000u

struct text {
	size_t length;
	bool cut;		/* something did not fit */
	char bytes[LINE_LIMIT];
};

void text_clear(struct text *text);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void text_add_json_string(struct text *text, const char *bytes, size_t length);
void text_add_snapshot(struct text *text, const struct snapshot *snapshot);
/*
 * Adds an array with [name] or [name, module] or null for each symbol. Returns how many
 * there was room for, with some left for the rest of the line.
 */
size_t text_add_symbols(struct text *text, const struct symbol *symbols, size_t count);

enum request_kind {
	REQUEST_NONE,
	REQUEST_RUN,
	REQUEST_SNAPSHOT,
	REQUEST_SYMBOLS,
	REQUEST_POWEROFF,
	REQUEST_REBOOT,
	REQUEST_BAD
};

struct request {
	enum request_kind kind;
	uint32_t id;
	/*
	 * The bytes of the next three follow a run request in this order, each at most
	 * COMMAND_LIMIT. A request for symbols is followed by its addresses, at most
	 * ADDRESSES_LIMIT bytes.
	 */
	uint32_t length;	/* of the command, of the addresses */
	uint32_t input;		/* of its standard input; 0: none */
	uint32_t background;	/* of the load beside it; 0: none */
	uint32_t times;		/* 1..TIMES_LIMIT */
	uint32_t milliseconds;	/* for all of it; 0: as long as it takes */
};

/* Parses one line, without its newline. */
struct request parse_request(const char *line);

#ifdef __cplusplus
}
#endif
#endif
