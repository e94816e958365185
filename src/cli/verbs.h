/*
 * cli/verbs.h - what the command can do: one row of verbs.def a verb
 *
 * A new verb NAME is a file NAME.c that holds cmd_NAME() and NAME_usage, a row in verbs.def and a line in
 * meson.build. Its -h, its place in the man page and its completion come from the same row and table.
 */
#ifndef CALLGATE_CLI_VERBS_H
#define CALLGATE_CLI_VERBS_H

#include "cli/options.h"

#include <stddef.h>

enum verb_group { VERBS_WRITE, VERBS_UNDERSTAND, VERBS_OBSERVE, VERBS_ENFORCE, VERBS_MACHINE, VERBS_GROUPS };

/* The exit status; `run` hands on its target's instead. */
enum verb_status {
	STATUS_YES = 0,	   /* yes, or done */
	STATUS_NO = 1,	   /* no: it differs, has holes, would be refused */
	STATUS_MISUSE = 2, /* what was asked for, or the input that was named, is wrong */
	STATUS_FAILED = 3, /* Callgate or the machine could not do it */
};

struct verb {
	const char *name;
	enum verb_group group;
	const char *summary;	   /* one line, lower case, no full stop */
	const struct usage *usage; /* its options and arguments; NULL: another program's */
	int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb; gives the exit status */
};

#define VERB(name, group, summary)              \
	extern const struct usage name##_usage; \
	int cmd_##name(const struct verb *verb, int argc, char **argv);
#define OBSERVING_VERB(name, group, summary) VERB(name, group, summary)
#include "cli/verbs.def"
#undef OBSERVING_VERB
#undef VERB

extern const struct verb verbs[];
extern const size_t verb_count;
extern const char *const verb_group_names[VERBS_GROUPS]; /* "write" */

const struct verb *verb_by_name(const char *name); /* NULL */

/* The nearest verb to a name that is none, NULL when nothing is near. */
const char *verb_nearest(const char *name);

#endif
