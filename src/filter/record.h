/*
 * filter/record.h - records of what was called, as the policy that lets it pass
 *
 * What strace or the kernel's audit log tells of calls is read like another tool's policy: each call is a rule, whose
 * arguments are constrained as far as what was seen of them supports. They stand here, and not with the other dialects,
 * since a record is made of calls.
 */
#ifndef CALLGATE_FILTER_RECORD_H
#define CALLGATE_FILTER_RECORD_H

#include "filter/trace.h"
#include "import/import.h"

/* "strace", "audit"; NULL when there is none. */
const struct import_dialect *record_by_name(const char *name);
const struct import_dialect *record_recognise(const char *text, size_t length);

/* The calls of an audit log's SYSCALL and SECCOMP records, one each; of other records nothing is said. E_SYNTAX and
 * E_UNKNOWN at a place, E_NOMEM. */
bool audit_recognise(const char *text, size_t length);
int audit_parse(const char *name, const char *text, size_t length, struct arena *arena, struct trace *ret_trace,
		struct callgate_error *err);

#endif
