/*
 * launch/tell.h - a refusal that somebody saw, completed and handed to whoever runs the target
 */
#ifndef CALLGATE_LAUNCH_TELL_H
#define CALLGATE_LAUNCH_TELL_H

#include <callgate/launch.h>

#include <pthread.h>

enum { TELL_EDITS_MAX = 64 /* kinds of refusals for which an edit is looked for */ };

struct tell_edit;

struct tell {
	const struct callgate_subject *subject;
	const struct callgate_run_options *options;
	struct callgate_run_report *report;
	pthread_mutex_t lock;	 /* one is told at a time */
	struct tell_edit *edits; /* owned: of TELL_EDITS_MAX */
	size_t edit_count;
};

/* Fails with E_NOMEM; tell_fini is due in any case. */
int tell_init(struct tell *tell, struct callgate_error *err);
void tell_fini(struct tell *tell);

/* Tells of a refusal whose explanation is complete but for what the subject's rules say where it has no reason yet, or
 * of how many are suppressed. From any thread. */
void tell_event(struct tell *tell, const struct callgate_event *event);

#endif
