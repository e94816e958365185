/*
 * launch/run.h - callgate_run, and what a pool needs of it
 */
#ifndef CALLGATE_LAUNCH_RUN_H
#define CALLGATE_LAUNCH_RUN_H

#include "launch/launch.h"

#include <callgate/launch.h>
#include <callgate/pool.h>

/* A filter with its launch door, ready to be wiped by whoever loads it. */
struct run_filter {
	const struct callgate_subject *subject; /* whose; NULL: there is none yet */
	struct sock_filter *insns;
	size_t insn_count;
	uint64_t secret;
};

/* Fails as callgate_subject_compile does. *ret_filter is for run_filter_fini. */
int run_filter_make(const struct callgate_subject *subject, struct run_filter *ret_filter, struct callgate_error *err);
void run_filter_fini(struct run_filter *filter);

/* A start that has begun, and its filter where that is made; both may be absent. */
struct run_prepared {
	struct launch_start *start;
	struct run_filter filter;
};

void run_prepared_fini(struct run_prepared *prepared);

/* What of a launch is known by its ground alone. */
struct launch_spec run_ground_spec(const struct callgate_sandbox *sandbox);

/* Whether calls are answered by a supervisor, of whose listener a prepared start knows nothing; options may be NULL. */
bool run_wants_listener(const struct callgate_subject *subject, const struct callgate_run_options *options);

/* callgate_run, in what is prepared, which is taken in any case; the processes of the pool, or NULL, are left alone. */
int run_subject(const struct callgate_subject *subject, const struct callgate_run_options *options,
		struct run_prepared *prepared_take, struct callgate_pool *pool, struct callgate_run_report *ret_report,
		struct callgate_error *err);

/* Whether a child of ours is one of a member's that waits or is being prepared. */
bool pool_has(struct callgate_pool *pool, pid_t pid);

#endif
