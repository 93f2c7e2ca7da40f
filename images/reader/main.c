/* SPDX-License-Identifier: MIT */
/*
 * Reads, inside a guest, how many VM exits the guest has caused. Works without
 * privileges, as every program may execute CPUID.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"
#include "text.h"

static const char usage[] =
	"usage: lab-reader [--json] [--layout descending|ascending|combined]\n"
	"       lab-reader --serve PORT [--layout LAYOUT]\n"
	"Prints the exit counts of this guest by exit number (a patched KVM must answer).\n";

static void print_table(const struct leaves *leaves, const char *vendor, const struct snapshot *s)
{
	printf("vendor %s, layout %s%s\n", vendor, layout_name(leaves->layout),
	       s->whole ? "" : ", not whole: the counts do not add up to the total");
	printf("%10s %10s %12s %20s\n", "number", "", "exits", "cycles");
	for (uint32_t i = 0; i < s->numbers; i++)
		printf("%10" PRIu32 " %#10" PRIx32 " %12" PRIu32 " %20" PRIu64 "\n",
		       s->reasons[i].number, s->reasons[i].number, s->reasons[i].latched,
		       s->reasons[i].cycles);
	printf("%10s %10s %12" PRIu32 " %20" PRIu64 "\n", "total", "", s->end_total, s->total_cycles);
	printf("(%" PRIu64 " of them are CPUID exits of this reading)\n", s->leaf_reads);
}

static void print_json(const struct leaves *leaves, const char *vendor, const struct snapshot *s)
{
	static struct text text;

	text_add(&text, "{\"vendor\":");
	text_add_json_string(&text, vendor, strlen(vendor));
	text_add(&text, ",\"layout\":\"%s\",\"snapshot\":", layout_name(leaves->layout));
	text_add_snapshot(&text, s);
	text_add(&text, "}");
	puts(text.bytes);
}

static int parse_layout(const char *name)
{
	for (int layout = 0; layout < EXIT_LAYOUT_COUNT; layout++)
		if (strcmp(name, layout_name(layout)) == 0)
			return layout;
	fprintf(stderr, "lab-reader: unknown layout '%s'\n%s", name, usage);
	exit(2);
}

int main(int argc, char **argv)
{
	static struct snapshot snapshot;
	struct leaves leaves = { .cpuid = cpuid_now, .layout = -1 };
	const char *port = NULL;
	bool json = false;
	char vendor[13];

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[i], "--layout") == 0 && i + 1 < argc) {
			leaves.layout = parse_layout(argv[++i]);
		} else if (strcmp(argv[i], "--serve") == 0 && i + 1 < argc) {
			port = argv[++i];
		} else {
			fputs(usage, strcmp(argv[i], "--help") ? stderr : stdout);
			return strcmp(argv[i], "--help") ? 2 : 0;
		}
	}
	if (leaves.layout < 0)
		find_layout(&leaves);
	if (port)
		return serve(port, &leaves);
	if (leaves.layout == EXIT_LAYOUT_COUNT) {
		fprintf(stderr, "lab-reader: no exit counters: the leaves %#x to %#x answer as "
				"with a stock KVM\n", EXIT_LEAF_FIRST, EXIT_LEAF_LAST);
		return 3;
	}
	take_snapshot_here(&leaves, is_svm(leaves.cpuid, vendor), &snapshot);
	(json ? print_json : print_table)(&leaves, vendor, &snapshot);
	return 0;
}
