/*
 * learn/leave_out.h - what each run has that no other has: how often a rule learned from the others would have refused
 * it
 *
 * A value that one run alone has would have been refused, had that run not been recorded. How many runs there are of
 * which that is true, of all, estimates how likely the next run is to bring something new.
 */
#ifndef CALLGATE_LEARN_LEAVE_OUT_H
#define CALLGATE_LEARN_LEAVE_OUT_H

#include "observe/evidence.h"
#include "policy/terms.h"

enum {
	LEAVE_OUT_RUNS = 5,   /* with fewer, nothing is judged */
	LEAVE_OUT_LONELY = 2, /* one strange run is an exception, a second is not */
	LEAVE_OUT_SHARE = 5,  /* a rule that would have refused a fifth of the runs is too tight */
};

/* Runs, by their places in evidence->run_list, that would have been refused. Zeroed is none. */
struct leave_out {
	bool *lonely; /* run_count of them, owned; NULL as long as there are none */
	size_t run_count;
	size_t count;
};

void leave_out_fini(struct leave_out *out);

/* Adds the run when one alone has seen it. False without memory. */
bool leave_out_add(struct leave_out *out, const struct evidence_seen *seen);

/* Adds the runs that a constraint of this kind, from what the other runs saw of the argument, would have refused. */
bool leave_out_add_arg(struct leave_out *out, const struct evidence_arg *seen, const struct abi_arg *type,
		       enum term_how how);

/* Whether a constraint that refuses these runs is too tight to be written. */
bool leave_out_is_too_tight(const struct leave_out *out);

/* Adds the runs of another. False without memory. */
bool leave_out_join(struct leave_out *out, const struct leave_out *other);

#endif
