/*
 * callgate/check.h - the holes of a filter or policy, each with a call that goes through it
 */
#ifndef CALLGATE_CHECK_H
#define CALLGATE_CHECK_H

#include <callgate/error.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct callgate_subject;

enum callgate_severity {
	CALLGATE_INFO,	  /* worth knowing; no hole by itself */
	CALLGATE_WARNING, /* breaks good programs, or is open where most would want it shut */
	CALLGATE_ERROR,	  /* the filter does not do what it says */
};

/* One hole. Strings live as long as the report. */
struct callgate_finding {
	const char *rule; /* "truncated-argument" */
	enum callgate_severity severity;
	bool heuristic;	     /* the rule can be wrong; without it, it is exact */
	const char *detail;  /* one sentence about this very finding */
	const char *witness; /* a call that shows it, "ioctl(0, TIOCSTI, 0x0)"; "" when the rule is about no call */
	const char *action;  /* what the filter does with the witness; "" without one */
	const char *file;    /* the policy's line that is meant; "" when there is none */
	unsigned line;	     /* from 1; 0 when there is none */
	const char *reason;  /* why this is a hole */
	const char *remedy;  /* what to write instead */
	const char *where;   /* where it bit somebody */
};

struct callgate_report;

/* Asks every rule. The caller frees *ret_report with callgate_report_free. Fails with E_NOMEM, E_LIMIT. */
CALLGATE_PUBLIC int callgate_check(struct callgate_subject *subject, struct callgate_report **ret_report,
				   struct callgate_error *err);
CALLGATE_PUBLIC void callgate_report_free(struct callgate_report *report);
CALLGATE_PUBLIC size_t callgate_report_count(const struct callgate_report *report);
/* The findings, the worst first; NULL beyond the last. */
CALLGATE_PUBLIC const struct callgate_finding *callgate_report_at(const struct callgate_report *report, size_t index);

/* The rules themselves, in the order of the manual: a finding without detail, witness and place. NULL beyond the
 * last. They live for ever. */
CALLGATE_PUBLIC const struct callgate_finding *callgate_check_rule(size_t index);

CALLGATE_PUBLIC const char *callgate_severity_name(enum callgate_severity severity);

#ifdef __cplusplus
}
#endif

#endif
