/* SPDX-License-Identifier: MIT */
/*
 * Finds the functions of the kernel at given addresses by /proc/kallsyms. The file is
 * read once for all addresses, line by line, as a kernel with its modules has some
 * 200,000 symbols.
 */
#ifndef READER_SYMBOLS_H
#define READER_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SYMBOLS_LIMIT 8192u	/* addresses of one request */
#define SYMBOL_NAME 200
#define SYMBOL_MODULE 64
/* No function is longer than this; an address farther behind a symbol belongs to something else. */
#define SYMBOL_REACH (64u << 10)

struct symbol {
	uint64_t address;		/* asked for */
	uint64_t start;			/* of the nearest symbol at or below it; 0: none yet */
	bool code;			/* it is a function */
	char name[SYMBOL_NAME + 1];	/* "" where it is unknown */
	char module[SYMBOL_MODULE + 1];	/* "" for the kernel itself */
};

/*
 * Parses ascending hexadecimal addresses, each once, with one space between them. Returns
 * how many there are; 0 where the text is anything else or has more than SYMBOLS_LIMIT.
 */
size_t parse_addresses(const char *text, size_t length, struct symbol *symbols);

/*
 * Fills in the symbols at the addresses, which ascend. Returns NULL, or why the file
 * shows none: it is not there, or the kernel hides all addresses from us.
 */
const char *find_symbols(const char *path, struct symbol *symbols, size_t count);

#ifdef __cplusplus
}
#endif
#endif
