/*
 * import/firejail.h - what a profile of firejail says of system calls, and the filters that this comes to
 */
#ifndef CALLGATE_IMPORT_FIREJAIL_H
#define CALLGATE_IMPORT_FIREJAIL_H

#include "import/import.h"

/* The rest of a line; of several of one kind the last counts. NULL text where there was none. */
struct firejail_value {
	const char *text; /* trimmed */
	struct policy_position position;
};

struct firejail_settings {
	bool has_calls;				/* `seccomp` in any form: the filter of calls is loaded */
	struct firejail_value more, drop, keep; /* lists: on top of the default one, in place of it, of what is left */
	struct policy_position calls;		/* the last line that asked for it */
	struct policy_action action;		/* seccomp-error-action */
	bool has_debuggers;			/* allow-debuggers */
	struct policy_position secondary;	/* seccomp.block-secondary; line 0 where it is not set, as below */
	struct policy_position write_execute;
	struct policy_position protocol;
	uint64_t families; /* that `protocol` leaves, a bit each */
	struct policy_position namespaces;
	uint64_t refused_namespaces; /* CLONE_NEW* */
};

/* The members of a group, "@clock", with blanks between them; NULL when there is none. */
const char *firejail_group(const char *name);

/* The filters, in the order in which firejail loads them, as the policy's rules. */
int firejail_stack(struct import *import, const struct firejail_settings *settings);

/* Fails at a place. */
#define firejail_fail(import, position, status, ...)      \
	(error_set((import)->err, (status), __VA_ARGS__), \
	 error_place((import)->err, (position)->file, (position)->line, (position)->col), (status))

#endif
