/*
 * callgate VERB [options] SUBJECT…: finds the verb's row and runs it. Only this room prints, exits and reads the
 * environment; what a verb knows, it asks the library's public interface.
 */
#include "cli/print.h"
#include "cli/verbs.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static void print_overview(FILE *out)
{
	fputs("usage: callgate VERB [options] SUBJECT...\n\n"
	      "Gives a program exactly the system calls that it needs. A SUBJECT is a policy, a raw BPF filter, or\n"
	      "whatever else has a meaning; '-' is standard input.\n",
	      out);
	for (int group = 0; group < VERBS_GROUPS; group++) {
		bool named = false;

		for (size_t i = 0; i < verb_count; i++) {
			if ((int)verbs[i].group != group)
				continue;
			if (!named)
				fprintf(out, "\n%s:\n", verb_group_names[group]);
			named = true;
			fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
		}
	}
	fputs("\n'callgate VERB -h' lists a verb's options; callgate(1) tells all.\n"
	      "Exit status: 0 yes or done, 1 no, 2 misuse, 3 Callgate failed.\n",
	      out);
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int unknown_verb(const char *name)
{
	const char *nearest = verb_nearest(name);

	if (nearest)
		return misuse_hint("did you mean '%s'?", nearest, "unknown verb '%s'", name);
	return misuse_hint("'callgate -h' lists them", "", "unknown verb '%s'", name);
}

static int run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		print_overview(stderr);
		return STATUS_MISUSE;
	}
	if (is_one_of(argv[1], "-h", "--help") || (argc == 2 && strcmp(argv[1], "help") == 0)) {
		print_overview(stdout);
		return STATUS_YES;
	}
	if (is_one_of(argv[1], "-V", "--version")) {
		puts("callgate " CALLGATE_VERSION);
		return STATUS_YES;
	}
	verb = verb_by_name(argv[1]);
	return verb ? verb->run(verb, argc - 1, argv + 1) : unknown_verb(argv[1]);
}

/* A heap that is not given back in between is not faulted in twice: a fifth of what a short run takes. */
#define HEAP_STEP (1 << 20)

int main(int argc, char **argv)
{
	mallopt(M_TOP_PAD, HEAP_STEP);
	mallopt(M_TRIM_THRESHOLD, 64 * HEAP_STEP);
	standard_descriptors_open();
	return standard_output_finish(run(argc, argv));
}
