/*
 * filter/watch.h - a subject's filter that asks a supervisor where the subject refuses
 *
 * Who answers knows what the subject itself says (subject_action) and gives that answer, or lets the call through where
 * it is only to be told of.
 */
#ifndef CALLGATE_FILTER_WATCH_H
#define CALLGATE_FILTER_WATCH_H

#include "filter/subject.h"

struct filter_watch {
	bool ends;    /* ask in place of kill-process too */
	bool enosys;  /* ENOSYS too is a refusal: elsewhere it tells libc to take an older call */
	bool observe; /* ask about whatever is refused, and let it through */
	const struct callgate_subject *since; /* let through what this one does, or NULL */
};

/* What comes of a call that the subject answers with action, and since with before. */
enum filter_watched { FILTER_UNWATCHED, FILTER_ANSWERED, FILTER_LET_THROUGH };
enum filter_watched filter_watched(const struct filter_watch *watch, struct callgate_action action,
				   struct callgate_action before);

/* As callgate_subject_compile, of what asks. */
int filter_compile_watched(const struct callgate_subject *subject, const struct callgate_filter_options *options,
			   const struct filter_watch *watch, struct callgate_filter **ret_filter,
			   struct callgate_error *err);

#endif
