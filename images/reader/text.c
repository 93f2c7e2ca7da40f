/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_clear(struct text *text)
{
	text->length = 0;
	text->cut = false;
}

void text_add(struct text *text, const char *format, ...)
{
	size_t room = sizeof(text->bytes) - text->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->bytes + text->length, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room)
		text->cut = true;
	else
		text->length += (size_t)length;
}

/* Returns the bytes of the UTF-8 character at the start (RFC 3629); 0 if there is none. */
static size_t utf8_length(const unsigned char *b, size_t left)
{
	size_t n = b[0] < 0x80 ? 1 : b[0] >= 0xc2 && b[0] < 0xe0 ? 2 :
		   b[0] >= 0xe0 && b[0] < 0xf0 ? 3 : b[0] >= 0xf0 && b[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] >= 0xa0) ||
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] >= 0x90))
		return 0;
	return n;
}

void text_add_json_string(struct text *text, const char *bytes, size_t length)
{
	const unsigned char *b = (const unsigned char *)bytes;

	text_add(text, "\"");
	for (size_t i = 0; i < length;) {
		size_t n = utf8_length(b + i, length - i);

		if (n == 0) {
			text_add(text, "\\ufffd");
			i++;
		} else if (n == 1 && (b[i] < 0x20 || b[i] == 0x7f || b[i] == '"' || b[i] == '\\')) {
			text_add(text, "\\u%04x", b[i]);
			i++;
		} else {
			text_add(text, "%.*s", (int)n, bytes + i);
			i += n;
		}
	}
	text_add(text, "\"");
}

void text_add_snapshot(struct text *text, const struct snapshot *s)
{
	text_add(text,
		 "{\"start_total\":%" PRIu32 ",\"end_total\":%" PRIu32 ",\"own_exits\":%" PRIu32
		 ",\"attempts\":%" PRIu32 ",\"total_cycles\":%" PRIu64
		 ",\"leaf_reads\":%" PRIu64 ",\"late_reads\":%" PRIu64 ",\"reasons\":[",
		 s->start_total, s->end_total, s->own_exits, s->attempts, s->total_cycles,
		 s->leaf_reads, s->late_reads);
	for (uint32_t i = 0; i < s->numbers; i++) {
		const struct number_count *n = &s->reasons[i];

		text_add(text, "%s[%" PRIu32 ",%" PRIu32, i ? "," : "", n->number, n->latched);
		if (n->read)
			text_add(text, ",%" PRIu32, n->count);
		else
			text_add(text, ",null");
		if (s->has_cycles)
			text_add(text, ",%" PRIu64, n->cycles);
		text_add(text, "]");
	}
	text_add(text, "]}");
}

static void add_symbol(struct text *text, const struct symbol *s)
{
	if (!s->name[0]) {
		text_add(text, "null");
		return;
	}
	text_add(text, "[");
	text_add_json_string(text, s->name, strlen(s->name));
	if (s->module[0]) {
		text_add(text, ",");
		text_add_json_string(text, s->module, strlen(s->module));
	}
	text_add(text, "]");
}

/* This is more than one symbol with all of it escaped takes, and the end of a line. */
#define SYMBOL_ROOM 4096u

size_t text_add_symbols(struct text *text, const struct symbol *symbols, size_t count)
{
	size_t added = 0;

	text_add(text, "[");
	while (added < count && added < SYMBOLS_PER_LINE &&
	       text->length + SYMBOL_ROOM < sizeof(text->bytes)) {
		if (added > 0)
			text_add(text, ",");
		add_symbol(text, &symbols[added++]);
	}
	text_add(text, "]");
	return added;
}

/* Takes a decimal number of at most `limit`; returns false where there is none. */
static bool take_number(const char **text, uint32_t limit, uint32_t *value)
{
	uint64_t number = 0;
	const char *p = *text;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		number = number * 10 + (uint64_t)(*p - '0');
		if (number > limit)
			return false;
	}
	*value = (uint32_t)number;
	*text = p;
	return true;
}

/* Takes decimal numbers with one space before each, to the end of the line. */
static bool take_numbers(const char *text, const uint32_t *limits, uint32_t **values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (*text++ != ' ' || !take_number(&text, limits[i], values[i]))
			return false;
	return *text == '\0';
}

static bool parse_run(const char *text, struct request *r)
{
	const uint32_t limits[] = { UINT32_MAX,	   COMMAND_LIMIT, COMMAND_LIMIT,
				    COMMAND_LIMIT, TIMES_LIMIT,	  UINT32_MAX };
	uint32_t *values[] = { &r->id,	       &r->length, &r->input,
			       &r->background, &r->times,  &r->milliseconds };

	return take_numbers(text, limits, values, 6) && r->length > 0 && r->times > 0;
}

static bool parse_symbols(const char *text, struct request *r)
{
	const uint32_t limits[] = { UINT32_MAX, ADDRESSES_LIMIT };
	uint32_t *values[] = { &r->id, &r->length };

	return take_numbers(text, limits, values, 2) && r->length > 0;
}

struct request parse_request(const char *line)
{
	struct request r = { .kind = REQUEST_BAD };
	const uint32_t limit = UINT32_MAX;
	uint32_t *id = &r.id;

	if (strcmp(line, "poweroff") == 0)
		r.kind = REQUEST_POWEROFF;
	else if (strcmp(line, "reboot") == 0)
		r.kind = REQUEST_REBOOT;
	else if (strncmp(line, "snapshot", 8) == 0 && take_numbers(line + 8, &limit, &id, 1))
		r.kind = REQUEST_SNAPSHOT;
	else if (strncmp(line, "symbols", 7) == 0 && parse_symbols(line + 7, &r))
		r.kind = REQUEST_SYMBOLS;
	else if (strncmp(line, "run", 3) == 0 && parse_run(line + 3, &r))
		r.kind = REQUEST_RUN;
	return r.kind == REQUEST_BAD ? (struct request){ .kind = REQUEST_BAD } : r;
}
