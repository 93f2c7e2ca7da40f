/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define KALLSYMS_LINE 512

/* Takes a hexadecimal number of at most 16 digits; returns false where there is none. */
static bool take_address(const char **text, const char *end, uint64_t *value)
{
	const char *p = *text;

	*value = 0;
	for (; p < end && p - *text < 16; p++) {
		if (*p >= '0' && *p <= '9')
			*value = *value << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			*value = *value << 4 | (uint64_t)(*p - 'a' + 10);
		else
			break;
	}
	if (p == *text)
		return false;
	*text = p;
	return true;
}

size_t parse_addresses(const char *text, size_t length, struct symbol *symbols)
{
	const char *end = text + length;
	size_t count = 0;

	while (count < SYMBOLS_LIMIT) {
		struct symbol *s = &symbols[count];

		memset(s, 0, sizeof(*s));
		if (!take_address(&text, end, &s->address) ||
		    (count > 0 && s->address <= symbols[count - 1].address))
			return 0;
		count++;
		if (text == end)
			return count;
		if (*text++ != ' ')
			return 0;
	}
	return 0;
}

/* Contains one line of the file. */
struct entry {
	uint64_t start;
	bool code, mark, end;
	char name[SYMBOL_NAME + 1], module[SYMBOL_MODULE + 1];
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Is true of the linker's mark of a section's end: what follows is no function. */
static bool is_end(const char *name)
{
	return strcmp(name, "_etext") == 0 || strcmp(name, "_einittext") == 0 ||
	       ends_with(name, "_text_end");
}

/* Is true of any mark of a section; a mark may lie at the address of a function. */
static bool is_mark(const char *name)
{
	return is_end(name) || strcmp(name, "_text") == 0 || strcmp(name, "_stext") == 0 ||
	       strcmp(name, "_sinittext") == 0 || strcmp(name, "__pi__text") == 0 ||
	       ends_with(name, "_text_start");
}

/* Parses "ffffffff81000000 T name\t[module]"; leaves a name empty that is too long. */
static bool parse_entry(const char *line, struct entry *e)
{
	const char *end = line + strlen(line), *open;
	size_t length;

	memset(e, 0, sizeof(*e));
	if (!take_address(&line, end, &e->start) || end - line < 4 || line[0] != ' ' ||
	    line[2] != ' ')
		return false;
	e->code = strchr("tTwW", line[1]) != NULL;
	line += 3;
	length = strcspn(line, " \t\n");
	if (length <= SYMBOL_NAME)
		memcpy(e->name, line, length);
	e->mark = is_mark(e->name);
	e->end = is_end(e->name);
	open = strchr(line + length, '[');
	length = open ? strcspn(open + 1, "]\n") : 0;
	if (length <= SYMBOL_MODULE)
		memcpy(e->module, open ? open + 1 : "", length);
	return true;
}

/* Reads the file piece by piece; stdio would bring in malloc, and add 14 KB to the reader. */
struct file {
	int fd;
	size_t have, taken;
	char bytes[4096];
};

/* Returns the next byte; -1 at the end. */
static int next_byte(struct file *f)
{
	ssize_t count;

	if (f->taken == f->have) {
		do
			count = read(f->fd, f->bytes, sizeof(f->bytes));
		while (count < 0 && errno == EINTR);
		if (count <= 0)
			return -1;
		f->have = (size_t)count;
		f->taken = 0;
	}
	return (unsigned char)f->bytes[f->taken++];
}

/* Reads up to the next line that is a symbol; cuts off the end of a line that is too long. */
static bool next_entry(struct file *f, struct entry *e)
{
	char line[KALLSYMS_LINE];
	size_t length;
	int c;

	do {
		length = 0;
		while ((c = next_byte(f)) >= 0 && c != '\n')
			if (length + 1 < sizeof(line))
				line[length++] = (char)c;
		line[length] = '\0';
		if (parse_entry(line, e))
			return true;
	} while (c >= 0);
	return false;
}

/* Returns the index of the first address at `address` or above it. */
static size_t lower_bound(const struct symbol *symbols, size_t count, uint64_t address)
{
	size_t first = 0;

	while (count > 0) {
		size_t half = count / 2;

		if (symbols[first + half].address < address) {
			first += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return first;
}

/* Gives an entry to the addresses between it and the next one that have no nearer one yet. */
static void give(const struct entry *e, uint64_t next, struct symbol *symbols, size_t count)
{
	uint64_t end = e->start + SYMBOL_REACH;

	if (next > e->start && next < end)
		end = next;
	for (size_t i = lower_bound(symbols, count, e->start);
	     i < count && symbols[i].address < end; i++) {
		if (symbols[i].start >= e->start)
			continue;
		symbols[i].start = e->start;
		symbols[i].code = e->code && !e->end;
		memcpy(symbols[i].name, e->name, sizeof(e->name));
		memcpy(symbols[i].module, e->module, sizeof(e->module));
	}
}

/* Keeps the first of several symbols at one address as the function's name, unless it is a mark. */
static void follow(struct entry *last, const struct entry *e, struct symbol *symbols, size_t count)
{
	if (last->start == e->start) {
		if (last->mark)
			*last = *e;
		return;
	}
	give(last, e->start, symbols, count);
	*last = *e;
}

const char *find_symbols(const char *path, struct symbol *symbols, size_t count)
{
	struct file file = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct entry last = { 0 }, e;
	bool any = false;

	if (file.fd < 0)
		return strerror(errno);
	while (next_entry(&file, &e)) {
		any |= e.start != 0;
		follow(&last, &e, symbols, count);
	}
	give(&last, 0, symbols, count);
	close(file.fd);
	for (size_t i = 0; i < count; i++)
		if (!symbols[i].code)
			symbols[i].name[0] = symbols[i].module[0] = '\0';
	return any ? NULL : "the kernel hides its addresses (kptr_restrict)";
}
