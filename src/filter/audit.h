/*
 * filter/audit.h - the kernel's audit log, a line at a time
 */
#ifndef CALLGATE_FILTER_AUDIT_H
#define CALLGATE_FILTER_AUDIT_H

#include "filter/call.h"

struct audit_line {
	const char *name; /* of the log, for messages */
	const char *text; /* of length bytes, without the line's end */
	size_t length;
	unsigned long number; /* from 1 */
	struct callgate_error *err;
};

/* SYSCALL tells a call's first four arguments and its result; SECCOMP neither. */
enum audit_record { AUDIT_RECORD_OTHER, AUDIT_RECORD_SYSCALL, AUDIT_RECORD_SECCOMP };

/* What stands behind KEY= up to the next blank, quotes and all; false when there is none. */
bool audit_field(const struct audit_line *line, const char *key, const char **ret_value, size_t *ret_length);

/*
 * The call of a line; *ret_call says nothing where *ret_record is AUDIT_RECORD_OTHER. Fails with E_SYNTAX (also where
 * the line is of no audit log) and E_UNKNOWN, at a place.
 */
int audit_line_call(const struct audit_line *line, struct call *ret_call, enum audit_record *ret_record);

#endif
